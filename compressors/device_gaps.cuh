// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <pith/compressors/device_index_coding.h>
#include <pith/compressors/gaps.h>
#include <pith/cuda/scan.cuh>

// Supports on a device: a warp has a gap block, a block of threads has a tile of them.
namespace pith {

inline constexpr unsigned kGapsPerLane = kGapBlock / cuda::kWarp;
inline constexpr std::size_t kGapTile = kGapBlock * cuda::kBlockWarps;
inline constexpr std::size_t kFewTiles = 4;  ///< done before another kernel would have begun

constexpr std::size_t gap_tiles(std::size_t entries) { return (entries + kGapTile - 1) / kGapTile; }

/// A gap block as it lies in a warp: of lane l, entry l, l + 32, ...
struct WarpBlock {
  std::size_t number;  ///< of the block
  unsigned count;      ///< entries, 0 behind the last block

  /// The one of so many entries that this warp has of a tile.
  __device__ WarpBlock(std::size_t tile, std::size_t entries)
      : number(tile * cuda::kBlockWarps + cuda::warp()),
        count(static_cast<unsigned>(min(kGapBlock, entries - min(entries, number * kGapBlock)))) {}

  __device__ unsigned in_block(unsigned j) const { return j * cuda::kWarp + cuda::lane(); }
  __device__ bool has(unsigned j) const { return in_block(j) < count; }
  __device__ std::size_t entry(unsigned j) const { return number * kGapBlock + in_block(j); }
};

/// The indices of a WarpBlock, relative to the segment, and the gaps; 0 where there is none.
struct WarpGaps : WarpBlock {
  std::uint32_t indices[kGapsPerLane];
  std::uint32_t gaps[kGapsPerLane];

  __device__ WarpGaps(const DeviceSupport& support, std::size_t tile, std::size_t entries)
      : WarpBlock(tile, entries) {
    const std::uint32_t* const all = support.indices + support.range[0];
    const auto first = static_cast<std::uint32_t>(support.first);
    for (unsigned j = 0; j < kGapsPerLane; ++j) {
      const std::size_t i = entry(j);
      const std::uint32_t before = has(j) && i > 0 ? all[i - 1] : first - 1;
      const std::uint32_t index = has(j) ? all[i] : first;
      indices[j] = index - first;
      gaps[j] = has(j) ? index - before - 1 : 0;
    }
  }
};

/// What a gap block, or several, take in the coders that depend on the gaps. For all of a segment
/// each is at most the number of its elements, which fits.
struct IndexCosts {
  std::uint32_t delta;       ///< bytes
  std::uint32_t runs;        ///< numbers of 16 bits
  std::uint32_t parameters;  ///< of Rice, whose low parts take 256 times as many bits
  std::uint32_t unary;       ///< bits of Rice's unary parts

  __device__ friend IndexCosts operator+(const IndexCosts& a, const IndexCosts& b) {
    return {a.delta + b.delta, a.runs + b.runs, a.parameters + b.parameters, a.unary + b.unary};
  }
};

}  // namespace pith
