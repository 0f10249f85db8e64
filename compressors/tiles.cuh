// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <pith/cuda/launch.cuh>
#include <pith/cuda/lookback.cuh>

// Kernels that keep some elements of an array in their order: a block does a tile at a time, a warp
// a stretch of it, 32 neighbours in each step, so that accesses are coalesced and a warp's elements
// ascend by (step, lane).
namespace pith {

inline constexpr unsigned kEach = 16;  ///< elements of a thread, in registers
inline constexpr std::size_t kTile = cuda::kBlock * kEach;

inline std::size_t tiles_of(std::size_t n) { return (n + kTile - 1) / kTile; }

__device__ inline std::size_t tile_element(std::size_t tile, unsigned step) {
  return tile * kTile + (cuda::warp() * kEach + step) * cuda::kWarp + cuda::lane();
}

/// Which elements of a warp's stretch are kept.
struct Votes {
  unsigned steps[kEach];

  __device__ void vote(unsigned step, bool kept) {
    steps[step] = __ballot_sync(cuda::kAllLanes, kept);
  }

  __device__ bool kept(unsigned step) const { return (steps[step] >> cuda::lane() & 1) != 0; }

  /// Those of the step that lie before this lane.
  __device__ unsigned before(unsigned step) const {
    return static_cast<unsigned>(__popc(steps[step] & ((1u << cuda::lane()) - 1)));
  }

  __device__ unsigned in_step(unsigned step) const {
    return static_cast<unsigned>(__popc(steps[step]));
  }

  __device__ unsigned count() const {
    unsigned sum = 0;
#pragma unroll
    for (unsigned step = 0; step < kEach; ++step) sum += in_step(step);
    return sum;
  }
};

/// What of some kinds is kept before a warp's stretch: in shared memory.
template <unsigned kKinds>
struct Places {
  unsigned in_warps[kKinds][cuda::kBlockWarps];
  cuda::Lookback::Word before_tile[kKinds];

  /// By all threads, with what the warp keeps of each kind; between calls, they wait.
  __device__ void find(const cuda::Lookback (&lookback)[kKinds], std::size_t tile,
                       const unsigned (&counts)[kKinds]) {
    if (cuda::lane() == 0) {
      for (unsigned kind = 0; kind < kKinds; ++kind) in_warps[kind][cuda::warp()] = counts[kind];
    }
    __syncthreads();
    const unsigned kind = cuda::warp();
    if (kind < kKinds) {
      const auto before = lookback[kind].before(tile, in_warps_before(kind, cuda::kBlockWarps));
      if (cuda::lane() == 0) before_tile[kind] = before;
    }
    __syncthreads();
  }

  __device__ std::size_t before_warp(unsigned kind) const {
    return before_tile[kind] + in_warps_before(kind, cuda::warp());
  }

  /// Up to the end of the tile.
  __device__ std::size_t total(unsigned kind) const {
    return before_tile[kind] + in_warps_before(kind, cuda::kBlockWarps);
  }

 private:
  __device__ unsigned in_warps_before(unsigned kind, unsigned end) const {
    unsigned sum = 0;
    for (unsigned w = 0; w < end; ++w) sum += in_warps[kind][w];
    return sum;
  }
};

}  // namespace pith
