// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

namespace pith {

/// The elements [begin, end) of a tensor.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The elements of `range` in x, whose first element has the index `first`.
template <class V>
std::span<V> slice(std::span<V> x, Range range, std::size_t first = 0) {
  return x.subspan(range.begin - first, range.end - range.begin);
}

/// The blocks that a segment touches. Blocks have `size` elements and are counted from the tensor's
/// start, so a segment may begin and end within one.
struct Blocks {
  std::size_t first = 0;  ///< element of the segment
  std::size_t count = 0;  ///< elements of the segment
  std::size_t size = 1;   ///< elements of a block

  std::size_t number() const {
    return count == 0 ? 0 : (first + count - 1) / size - first / size + 1;
  }

  /// The j-th block in a tensor of n elements.
  Range whole(std::size_t j, std::size_t n) const {
    const std::size_t block = first / size + j;
    return {block * size, std::min(n, (block + 1) * size)};
  }

  /// What of it belongs to the segment.
  Range part(std::size_t j) const {
    const Range block = whole(j, first + count);
    return {std::max(first, block.begin), block.end};
  }
};

}  // namespace pith
