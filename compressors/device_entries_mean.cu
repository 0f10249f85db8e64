// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/compressors/device_entries.cuh>

namespace pith {
namespace {

constexpr unsigned kMeanTile = 4096;  // elements that a block sums in shared memory

// Some ranks' entries, and where those of each tile begin.
struct SomeRanks {
  DeviceEntries entries[kEntriesTogether];
  unsigned number = 0;
  std::uint32_t* starts = nullptr;  // of every tile, and the end; rank by rank
  std::size_t tiles = 0;

  __device__ std::uint32_t start(unsigned rank, std::size_t tile) const {
    return starts[rank * (tiles + 1) + tile];
  }
};

__global__ void find_tiles(SomeRanks ranks, const DeviceFault* fault) {
  if (fault->invalid != 0) return;
  const std::size_t places = ranks.number * (ranks.tiles + 1);
  for (auto i = cuda::global_thread(); i < places; i += cuda::grid_threads()) {
    const DeviceEntries& entries = ranks.entries[i / (ranks.tiles + 1)];
    ranks.starts[i] =
        lower_bound(entries.indices.data(), *entries.count, i % (ranks.tiles + 1) * kMeanTile);
  }
}

// Entries of a rank differ in their indices, so that threads never meet; ranks wait for each other.
// The first entry of each thread and rank is on its way before any is added.
__device__ void add_entries(const SomeRanks& ranks, std::size_t tile, float* sums) {
  std::uint32_t indices[kEntriesTogether] = {};
  float values[kEntriesTogether] = {};
#pragma unroll
  for (unsigned r = 0; r < kEntriesTogether; ++r) {
    if (r >= ranks.number) break;
    const std::uint32_t i = ranks.start(r, tile) + threadIdx.x;
    if (i >= ranks.start(r, tile + 1)) continue;
    indices[r] = ranks.entries[r].indices.data()[i];
    values[r] = ranks.entries[r].values.data()[i];
  }
#pragma unroll
  for (unsigned r = 0; r < kEntriesTogether; ++r) {
    if (r >= ranks.number) break;
    const std::uint32_t end = ranks.start(r, tile + 1);
    std::uint32_t i = ranks.start(r, tile) + threadIdx.x;
    if (i < end) sums[indices[r] - tile * kMeanTile] += values[r];
    for (i += blockDim.x; i < end; i += blockDim.x) {
      sums[ranks.entries[r].indices.data()[i] - tile * kMeanTile] +=
          ranks.entries[r].values.data()[i];
    }
    __syncthreads();
  }
}

__global__ void mean_tiles(SomeRanks ranks, EntriesPart part, DeviceSpan<float> mean,
                           const DeviceFault* fault) {
  __shared__ float sums[kMeanTile];
  if (fault->invalid != 0) return;
  for (std::size_t tile = blockIdx.x; tile < ranks.tiles; tile += gridDim.x) {
    const std::size_t first = tile * kMeanTile;
    const auto size = static_cast<unsigned>(min(mean.size() - first, std::size_t{kMeanTile}));
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) {
      sums[i] = part.begins ? 0.0f : mean.data()[first + i];
    }
    __syncthreads();
    add_entries(ranks, tile, sums);
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) {
      mean.data()[first + i] = part.ends ? part.ending.divided(sums[i]) : sums[i];
    }
    __syncthreads();
  }
}

}  // namespace

void add_to_mean(std::span<const DeviceEntries> ranks, const EntriesPart& part,
                 DeviceSpan<float> mean, const DeviceFault* fault, cuda::DeviceScratch& scratch,
                 DeviceStream stream) {
  const cuda::DeviceScratch::Frame frame(scratch);
  SomeRanks some;
  std::ranges::copy(ranks, some.entries);
  some.number = static_cast<unsigned>(ranks.size());
  some.tiles = (mean.size() + kMeanTile - 1) / kMeanTile;
  const std::size_t starts = some.number * (some.tiles + 1);
  some.starts = scratch.take<std::uint32_t>(starts).data();
  cuda::launch(find_tiles, cuda::blocks_for(starts, cuda::kBlock), cuda::kBlock, stream, some,
               fault);
  cuda::launch(mean_tiles, cuda::blocks_for(some.tiles, 1), cuda::kBlock, stream, some, part, mean,
               fault);
}

}  // namespace pith
