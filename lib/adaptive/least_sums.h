// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace pith {

/// A choice in whole numbers: what it takes of a budget, and what it adds to the sum that is to be
/// least.
struct Option {
  std::size_t weight = 0;
  std::int64_t value = 0;  ///< from 0 to kNoSum
};

/// The sum where no choice is left. A value may be added to it.
inline constexpr std::int64_t kNoSum = std::numeric_limits<std::int64_t>::max() / 2;

/// after[b] = least of before[b - option.weight] + option.value over the options with weight <= b,
/// and of kNoSum.
///
/// Shapes   before and after have one length and do not overlap.
/// Cost     one addition and one minimum per option and element, vectorised; the same on every
///          instruction set, as these are whole numbers.
void least_sums(std::span<const std::int64_t> before, std::span<const Option> options,
                std::span<std::int64_t> after);

}  // namespace pith
