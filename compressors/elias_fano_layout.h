// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>

#include <pith/compressors/bits.h>

namespace pith {

/// What of Elias-Fano's bytes (index_elias_fano.h) follows from count and n, count <= n.
struct EliasFanoLayout {
  unsigned low;           ///< bits of an index that are written as they are
  std::size_t low_bytes;  ///< of all indices
  std::size_t bytes;      ///< and of the high parts
};

constexpr EliasFanoLayout elias_fano_layout(std::size_t count, std::size_t n) {
  if (count == 0) return {0, 0, 0};
  const auto low = static_cast<unsigned>(std::bit_width(n / count)) - 1;
  const std::size_t buckets = (n + (std::size_t{1} << low) - 1) >> low;
  const std::size_t low_bytes = bytes_of(count * low);
  return {low, low_bytes, low_bytes + bytes_of(count + buckets)};
}

}  // namespace pith
