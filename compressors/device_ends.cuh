// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/device_index_coder.cuh>

namespace pith {

/// Words of 32 bits that units are in (device_index_coder.cuh), the first and the last perhaps
/// partly.
__device__ inline std::size_t words_of(const IndexReading& reading) {
  return (reading.bytes.size + 3) / 4 - reading.units / 4;
}

/// The bits of a word that lie in the units.
__device__ inline std::uint32_t unit_mask(const IndexReading& reading, std::uint64_t word) {
  const std::uint64_t first = max(4 * word, reading.units) - 4 * word;
  const std::uint64_t end = min(4 * word + 4, reading.bytes.size) - 4 * word;
  const auto below = [](std::uint64_t byte) { return (std::uint64_t{1} << 8 * byte) - 1; };
  return static_cast<std::uint32_t>(below(end) & ~below(first));
}

/// As many words as a gap block has gaps, dealt out alike, and the ends in them.
template <class Coder>
struct WarpEnds : WarpBlock {
  std::uint32_t ends[kGapsPerLane];
  std::uint64_t sum = 0;  ///< of the warp

  __device__ WarpEnds(const IndexReading& reading, std::size_t tile)
      : WarpBlock(tile, words_of(reading)), first_(reading.units / 4), begin_(reading.units * 8) {
    for (unsigned j = 0; j < kGapsPerLane; ++j) {
      const std::size_t word = first_ + entry(j);
      ends[j] = 0;
      if (has(j)) ends[j] = Coder::ends(reading.bytes.word(word)) & unit_mask(reading, word);
      sum += static_cast<unsigned>(__popc(ends[j]));
    }
    sum = cuda::warp_sum(sum);
  }

  /// Calls use(i, dropped) for each end of this lane's: it is number i, from `before` on, and lies
  /// behind so many units that are none.
  template <class Use>
  __device__ void for_each(std::uint64_t before, const Use& use) const {
    for (unsigned j = 0; j < kGapsPerLane; ++j) {
      const auto own = static_cast<std::uint32_t>(__popc(ends[j]));
      const std::uint32_t upto = cuda::warp_scan(own);
      std::uint64_t i = before + upto - own;
      for (std::uint32_t left = ends[j]; left != 0; left &= left - 1, ++i) {
        const auto bit = static_cast<std::uint64_t>(__ffs(static_cast<int>(left)) - 1);
        use(i, (32 * (first_ + entry(j)) + bit - begin_) / Coder::kUnit - i);
      }
      before += cuda::from_lane(upto, cuda::kWarp - 1);
    }
  }

 private:
  std::uint64_t first_;  // word
  std::uint64_t begin_;  // bit
};

}  // namespace pith
