// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <pith/adaptive/accordion.h>
#include <pith/adaptive/level.h>

namespace pith {
namespace {

constexpr double kRatioFromZero = 9;

class Accordion final : public Policy {
 public:
  Accordion(double eta, Level low, Level high, std::span<const std::string> names)
      : Policy(names),
        eta_(eta),
        low_(std::move(low)),
        high_(std::move(high)),
        norms_(names.size()) {}

  std::vector<StateView<double>> states() override {
    return {{.name = "norms", .scope = Scope::replicated, .values = norms_}};
  }

 private:
  Solution decide(const Measurements& measured) override {
    const Assignment low = low_.assignment(measured, names());
    Assignment assignment = high_.assignment(measured, names());
    for (std::size_t l = 0; l < assignment.size(); ++l) {
      const double norm = std::sqrt(measured.squared_norms[l]);
      if (!std::isfinite(norm)) continue;
      const double ratio = norms_[l] == 0 ? kRatioFromZero : std::abs(norms_[l] - norm) / norms_[l];
      if (ratio < eta_) assignment[l] = low[l];
      norms_[l] = norm;
    }
    return evaluate({.layers = measured.layers, .current = measured.current},
                    std::move(assignment));
  }

  double eta_;
  Level low_;
  Level high_;
  std::vector<double> norms_;
};

}  // namespace

std::unique_ptr<Policy> make_accordion(Arguments& arguments, std::span<const std::string> names) {
  const double eta = arguments.number("eta", 0.5, 0, std::numeric_limits<double>::max());
  Level low(arguments.spec("low", "cheapest"));
  Level high(arguments.spec("high", "standard"));
  return std::make_unique<Accordion>(eta, std::move(low), std::move(high), names);
}

}  // namespace pith
