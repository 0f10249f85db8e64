// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/compressors/collect.h>
#include <pith/core/scratch.h>

namespace pith {

/// The k-th largest of the numbers; 0 < k <= numbers.size(). O(numbers.size()).
template <class Bits>
Bits kth_largest(std::span<const Bits> numbers, std::size_t k, Scratch& scratch);

/// Leaves the k largest candidates in their order, of equal ones the first, and returns the least
/// magnitude among them; 0 < k <= all.count. O(all.count).
template <Element T>
BitsOf<T> prune(Candidates<T>& all, std::size_t k, Scratch& scratch);

}  // namespace pith
