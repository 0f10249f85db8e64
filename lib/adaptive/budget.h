// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <pith/adaptive/policy.h>
#include <pith/core/arguments.h>

namespace pith {

/// What a policy may spend, from its arguments `budget` and `alpha`:
///
///   budget=POLICY                  the error, or the cost, of what that policy chooses
///   budget=relative(fraction=f)    an error: relative_budget()
///   budget=bytes(most=n)           a cost, in bytes per step
///
/// each times alpha. The default is uniform, and 1.
class Budget {
 public:
  /// Throws   UsageError for an unknown budget, and values out of range.
  Budget(Arguments& arguments, std::span<const std::string> names);

  bool is_error() const { return kind_ == Kind::relative; }
  bool is_cost() const { return kind_ == Kind::bytes; }

  /// Unless is_cost().
  double error(const Measurements& measurements, Norm norm);

  /// Unless is_error(). Throws UsageError for bytes where costs are nanoseconds.
  std::uint64_t cost(const Measurements& measurements);

  /// Of the policy it is taken from.
  std::vector<StateView<double>> states();

 private:
  enum class Kind { policy, relative, bytes };

  Kind kind_ = Kind::policy;
  double alpha_ = 1;
  double fraction_ = 0;
  std::uint64_t most_ = 0;
  std::unique_ptr<Policy> policy_;
};

/// The whole cost, rounded down, that is at most `cost`; 2^62 if that is less.
std::uint64_t whole_cost(double cost);

}  // namespace pith
