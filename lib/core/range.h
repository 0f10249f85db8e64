// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace pith {

/// The elements [begin, end) of a tensor.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;

  constexpr std::size_t size() const { return end - begin; }
  constexpr bool holds(Range other) const { return begin <= other.begin && other.end <= end; }
};

/// The elements of `range` in x, whose first element has the index `first`.
template <class V>
std::span<V> slice(std::span<V> x, Range range, std::size_t first = 0) {
  return x.subspan(range.begin - first, range.size());
}

}  // namespace pith
