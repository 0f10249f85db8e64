// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <pith/adaptive/candidates.h>
#include <pith/adaptive/choices.h>

namespace pith {

/// What is to be assigned.
struct Problem {
  std::span<const Candidates> layers;
  std::span<const std::size_t> current;  ///< the assignment that holds now
  Norm norm = Norm::squared;
  std::size_t levels = 10'000;              ///< steps into which the budget is divided
  std::span<const std::string> names = {};  ///< of the layers, for messages; without: their numbers
};

/// An assignment and its sums over the layers.
struct Solution {
  Assignment assignment;
  double error = 0;  ///< in the norm asked for, without errors that are not finite
  std::uint64_t cost = 0;
  bool within_budget = true;  ///< false: nothing meets the budget, and this comes nearest to it
};

/// Throws   UsageError naming the layer: fault_of() its candidates, a current candidate that is
///          none of them, a cost above 2^62 / layers; and for an assignment of other layers, or
///          levels = 0.
void check(const Problem& problem);

/// What an assignment sums up to.
Solution evaluate(const Problem& problem, Assignment assignment);

/// Every layer's standard, or what stands in for it (legal()).
Assignment uniform_assignment(std::span<const Candidates> layers);

/// The error of an assignment that loses this fraction of every layer's squared norm: fraction
/// times the sum of the squared norms, or the root of it times the sum of the norms. Norms that are
/// not finite are left out.
double relative_budget(std::span<const double> squared_norms, double fraction, Norm norm);

}  // namespace pith
