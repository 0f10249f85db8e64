// SPDX-License-Identifier: Apache-2.0
#include <pith/adaptive/budget.h>
#include <pith/adaptive/lgreco.h>
#include <pith/adaptive/solver.h>
#include <pith/adaptive/solver_options.h>

namespace pith {
namespace {

class LGreco final : public Policy {
 public:
  LGreco(SolverOptions options, Budget budget, std::span<const std::string> names)
      : Policy(names), options_(options), budget_(std::move(budget)) {}

  std::vector<StateView<double>> states() override { return budget_.states(); }

 private:
  Solution decide(const Measurements& measured) override {
    const Problem problem = options_.problem(measured, names());
    if (budget_.is_cost()) return least_error(problem, budget_.cost(measured));
    return least_cost(problem, budget_.error(measured, options_.norm));
  }

  SolverOptions options_;
  Budget budget_;
};

}  // namespace

std::unique_ptr<Policy> make_lgreco(Arguments& arguments, std::span<const std::string> names) {
  const SolverOptions options = read_solver_options(arguments);
  return std::make_unique<LGreco>(options, Budget(arguments, names), names);
}

}  // namespace pith
