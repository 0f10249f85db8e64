// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <pith/cuda/launch.cuh>
#include <pith/cuda/scan.cuh>

namespace pith::cuda {

/// Tells each tile of a kernel how many things the tiles before it have, in one launch: a tile
/// publishes its own count at once, adds up what those before it have published until it meets one
/// that knows its total, and publishes its own total.
///
/// Each tile is one that started after those before it (next_tile()), so nobody waits for what
/// cannot run. Cleared before a launch: a word for each tile, and the ticket.
///
/// Source   Merrill and Garland 2016, "Single-pass Parallel Prefix Scan with Decoupled Look-back".
class Lookback {
 public:
  using Word = unsigned long long;

  explicit Lookback(Word* tiles) : tiles_(tiles) {}

  /// The sum of the counts of all tiles before this one. By all lanes of one warp, with one count.
  __device__ Word before(std::size_t tile, Word count) const {
    Word sum = 0;
    if (tile > 0) {
      publish(tile, kOwn | count);
      for (std::size_t end = tile; !add(end, sum); end -= kWarp) {
      }
    }
    publish(tile, kTotal | (sum + count));
    return sum;
  }

 private:
  static constexpr Word kOwn = Word{1} << 62;
  static constexpr Word kTotal = Word{1} << 63;
  static constexpr Word kCount = kOwn - 1;

  __device__ void publish(std::size_t tile, Word word) const {
    if (lane() == 0) *static_cast<volatile Word*>(tiles_ + tile) = word;
  }

  __device__ Word wait_for(std::size_t tile) const {
    Word word = 0;
    while (word == 0) word = *static_cast<const volatile Word*>(tiles_ + tile);
    return word;
  }

  // Adds the tiles [end - 32, end), from the last that knows its total on; whether there is one.
  __device__ bool add(std::size_t end, Word& sum) const {
    const Word word = lane() < end ? wait_for(end - 1 - lane()) : kTotal;
    const unsigned totals = __ballot_sync(kAllLanes, (word & kTotal) != 0);
    const bool adds =
        totals == 0 || lane() <= static_cast<unsigned>(__ffs(static_cast<int>(totals))) - 1;
    sum += warp_sum(adds ? word & kCount : 0);
    return totals != 0;
  }

  Word* tiles_;
};

/// The number of the tile that this block does next: they start in order. By all threads.
__device__ inline std::size_t next_tile(unsigned* ticket) {
  __shared__ unsigned tile;
  __syncthreads();
  if (threadIdx.x == 0) tile = atomicAdd(ticket, 1u);
  __syncthreads();
  return tile;
}

}  // namespace pith::cuda
