// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>

#include <pith/core/range.h>

namespace pith {

/// The blocks that a segment touches. Blocks have `size` elements and are counted from the tensor's
/// start, so a segment may begin and end within one.
struct Blocks {
  std::size_t first = 0;  ///< element of the segment
  std::size_t count = 0;  ///< elements of the segment
  std::size_t size = 1;   ///< elements of a block

  constexpr std::size_t number() const {
    return count == 0 ? 0 : (first + count - 1) / size - first / size + 1;
  }

  /// The j-th block in a tensor of n elements.
  constexpr Range whole(std::size_t j, std::size_t n) const {
    const std::size_t block = first / size + j;
    return {block * size, std::min(n, (block + 1) * size)};
  }

  /// The block with an element of the segment.
  constexpr std::size_t holding(std::size_t element) const { return element / size - first / size; }

  /// What of it belongs to the segment.
  constexpr Range part(std::size_t j) const {
    const Range block = whole(j, first + count);
    return {std::max(first, block.begin), block.end};
  }
};

}  // namespace pith
