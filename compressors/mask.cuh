// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <pith/core/random.h>
#include <pith/cuda/device_scratch.h>
#include <pith/cuda/scan.cuh>

namespace pith {

/// A set of elements, as a bit for each; and how many there are before each tile of elements.
struct DeviceMask {
  std::size_t tiles = 0;
  const std::uint32_t* bits = nullptr;    ///< of whole tiles
  const std::uint32_t* before = nullptr;  ///< one per tile

  static constexpr unsigned kTileWords = cuda::kBlock;
  static constexpr std::size_t kTile = std::size_t{kTileWords} * 32;
};

/// The indices that draw_mask() of mask.h draws, k > 0 of n < 2^32, in `scratch`.
///
/// Floyd's draws are made in any order. Draw t gives d(t) <= n - k + t, and t repeats an index that
/// is drawn before if an earlier draw gives d(t) too, or if d(t) = n - k + s with s < t, and s
/// repeats. The set is all that is drawn and n - k + t of every t that repeats. Chains of s are
/// short: their expected length is below 1 / (1 - k / n), or log k.
///
/// Cost    O(k) random accesses; a write and two reads of n bits.
/// Memory  n bits; k indices and 2 k to 4 k pairs of them, which are given back.
DeviceMask draw_mask(std::size_t n, std::size_t k, const Random& random,
                     cuda::DeviceScratch& scratch, DeviceStream stream);

/// A tile of a mask in shared memory.
struct MaskTile {
  std::uint32_t bits[DeviceMask::kTileWords];
  std::uint32_t before[DeviceMask::kTileWords];  // of the whole tensor

  /// By all kBlock threads, once nobody looks at the tile before any more.
  __device__ void load(const DeviceMask& mask, std::size_t tile) {
    const std::uint32_t word = mask.bits[tile * DeviceMask::kTileWords + threadIdx.x];
    const auto kept = cuda::block_scan(static_cast<std::uint32_t>(__popc(word)));
    bits[threadIdx.x] = word;
    before[threadIdx.x] = mask.before[tile] + kept.before;
    __syncthreads();
  }

  /// Whether the element of this lane in that word is in the mask, and which one it is then.
  __device__ bool has(unsigned word) const { return (bits[word] >> cuda::lane() & 1) != 0; }
  __device__ std::uint32_t place(unsigned word) const {
    const std::uint32_t lower = (1u << cuda::lane()) - 1;
    return before[word] + static_cast<std::uint32_t>(__popc(bits[word] & lower));
  }
};

}  // namespace pith
