// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <pith/cuda/launch.cuh>

namespace pith::cuda {

/// The sum of `value` over the threads of the block before this one, and over all of them. All
/// kBlock threads call it, with `totals` in shared memory.
struct BlockScan {
  std::uint32_t before;
  std::uint32_t total;
};

__device__ inline BlockScan block_scan(std::uint32_t value,
                                       std::uint32_t (&totals)[kBlock / kWarp]) {
  std::uint32_t sum = value;
  for (unsigned distance = 1; distance < kWarp; distance *= 2) {
    const std::uint32_t below = __shfl_up_sync(0xffffffffu, sum, distance);
    if (lane() >= distance) sum += below;
  }
  __syncthreads();  // until all have read what an earlier call left
  if (lane() == kWarp - 1) totals[warp()] = sum;
  __syncthreads();
  BlockScan out{sum - value, 0};
  for (unsigned w = 0; w < kBlock / kWarp; ++w) {
    if (w < warp()) out.before += totals[w];
    out.total += totals[w];
  }
  return out;
}

}  // namespace pith::cuda
