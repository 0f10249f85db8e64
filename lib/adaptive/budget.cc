// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include <pith/adaptive/budget.h>
#include <pith/adaptive/registry.h>
#include <pith/core/error.h>

namespace pith {
namespace {

constexpr std::uint64_t kMostCost = std::uint64_t{1} << 62;

void check_name(const std::string& name) {
  std::vector<std::string> known{"relative", "bytes"};
  for (const PolicyEntry& entry : policies()) known.emplace_back(entry.name);
  if (std::ranges::count(known, name) == 0) throw UsageError(unknown_name("budget", name, known));
}

}  // namespace

Budget::Budget(Arguments& arguments, std::span<const std::string> names)
    : alpha_(arguments.number("alpha", 1, 0, std::numeric_limits<double>::max())) {
  const Spec spec = arguments.spec("budget", "uniform");
  check_name(spec.name);
  Arguments mine(spec);
  if (spec.name == "relative") {
    kind_ = Kind::relative;
    fraction_ = mine.required_number("fraction", 0, 1);
    mine.finish();
  } else if (spec.name == "bytes") {
    kind_ = Kind::bytes;
    most_ = mine.integer("most", 0, 1, kMostCost);
    mine.finish();
    if (most_ == 0) throw UsageError("bytes: most is missing: the bytes of a step");
  } else {
    policy_ = make_policy(spec, names);
  }
}

double Budget::error(const Measurements& measured, Norm norm) {
  if (kind_ == Kind::relative) {
    return alpha_ * relative_budget(measured.squared_norms, fraction_, norm);
  }
  const Problem problem{.layers = measured.layers, .current = measured.current, .norm = norm};
  return alpha_ * evaluate(problem, policy_->choose(measured).assignment).error;
}

std::uint64_t Budget::cost(const Measurements& measured) {
  if (kind_ == Kind::bytes && measured.unit != CostUnit::bytes) {
    throw UsageError("adaptive: a budget of bytes, but costs are in nanoseconds");
  }
  const std::uint64_t cost = kind_ == Kind::bytes ? most_ : policy_->choose(measured).cost;
  return alpha_ == 1 ? cost : whole_cost(alpha_ * static_cast<double>(cost));
}

std::vector<StateView<double>> Budget::states() {
  return policy_ ? policy_->states() : std::vector<StateView<double>>();
}

std::uint64_t whole_cost(double cost) {
  return cost < static_cast<double>(kMostCost) ? static_cast<std::uint64_t>(cost) : kMostCost;
}

}  // namespace pith
