// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <pith/adaptive/candidates.h>
#include <pith/adaptive/least_sums.h>

namespace pith {

/// One option per layer, so that the values' sum is least and the weights' sum within a budget; for
/// every whole budget at once (multiple-choice knapsack, by dynamic programming).
///
///   T[0][b] = 0,   T[l][b] = least of T[l-1][b - weight] + value over the options of layer l
///
/// Cost     layers * options * budget additions.
/// Memory   8 (layers + 1) (most + 1) bytes.
class Knapsack {
 public:
  /// Budgets up to `most`. All values of a sum must add up to less than kNoSum. `layers` must
  /// outlive it.
  Knapsack(std::span<const std::vector<Option>> layers, std::size_t most);

  /// The options, by layer; the first of those that are equally good, seen from the last layer.
  /// Nothing if every choice takes more than `budget`.
  std::optional<Assignment> best(std::size_t budget) const;

 private:
  std::span<std::int64_t> row(std::size_t layer) const;
  std::size_t option_of(std::size_t layer, std::size_t budget) const;

  std::span<const std::vector<Option>> layers_;
  std::size_t row_size_;
  std::unique_ptr<std::int64_t[]> rows_;
};

}  // namespace pith
