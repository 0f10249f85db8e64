// SPDX-License-Identifier: Apache-2.0
#include <pith/adaptive/budget.h>
#include <pith/adaptive/kimad.h>
#include <pith/adaptive/solver.h>
#include <pith/adaptive/solver_options.h>

namespace pith {
namespace {

class Kimad final : public Policy {
 public:
  Kimad(double seconds, SolverOptions options, std::span<const std::string> names)
      : Policy(names), seconds_(seconds), options_(options) {}

 private:
  Solution decide(const Measurements& measured) override {
    const Problem problem = options_.problem(measured, names());
    const double per_second =
        measured.unit == CostUnit::nanoseconds ? 1e9 : measured.bytes_per_second;
    if (per_second == 0) return evaluate(problem, uniform_assignment(measured.layers));
    return least_error(problem, whole_cost(per_second * seconds_));
  }

  double seconds_;
  SolverOptions options_;
};

}  // namespace

std::unique_ptr<Policy> make_kimad(Arguments& arguments, std::span<const std::string> names) {
  constexpr double kDay = 86'400;
  const double seconds = arguments.required_number("seconds", 0, kDay);
  return std::make_unique<Kimad>(seconds, read_solver_options(arguments), names);
}

}  // namespace pith
