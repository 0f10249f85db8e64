// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/device_index_coders.cuh>
#include <pith/compressors/device_index_coding.h>
#include <pith/cuda/memory.h>

namespace pith {
namespace {

struct Arguments {
  IndexCoding coding;
  DeviceSupport support;
  std::byte* out;
  std::uint64_t* used;
  IndexWriting* writing;
  IndexCosts* blocks;  // of every gap block
  IndexCosts* tiles;   // and of all before a tile, once they are added up
};

__device__ std::size_t entries_of(const DeviceSupport& support) {
  return support.range[1] - support.range[0];
}

__device__ IndexCosts costs_of(const WarpGaps& gaps) {
  if (gaps.count == 0) return {};
  std::uint32_t delta = 0;
  std::uint32_t runs = 0;
  for (unsigned j = 0; j < kGapsPerLane; ++j) {
    if (!gaps.has(j)) continue;
    delta += varint_bytes(gaps.gaps[j]);
    runs += 1 + gaps.gaps[j] / kRunEscape;
  }
  const auto [k, unary] = DeviceRice::choose(gaps);
  return {cuda::warp_sum(delta), cuda::warp_sum(runs), k, unary};
}

// The cheapest; of several the first.
__device__ void choose(const Arguments& a, const SupportCosts& costs) {
  IndexWriting best{0, IndexCoding::automatic, costs, ~std::uint64_t{0}, a.out + kIndexFront};
  for (unsigned number = 1; number <= static_cast<unsigned>(IndexCoding::runs16); ++number) {
    const auto coding = static_cast<IndexCoding>(number);
    if (a.coding != IndexCoding::automatic && a.coding != coding) continue;
    with_coder(coding, [&](auto coder) {
      const std::uint64_t bytes = coder.bytes(costs);
      if (bytes >= best.bytes) return;
      best.coding = coding;
      best.bytes = bytes;
    });
  }
  *a.writing = best;
  *reinterpret_cast<std::uint64_t*>(a.out) =
      best.bytes << 8 | static_cast<std::uint64_t>(best.coding);
  *a.used = padded_indices(best.bytes);
}

// What the coders take, where that depends on the gaps, and which one it is.
__device__ void measure_tiles(const Arguments& a) {
  const std::size_t entries = entries_of(a.support);
  const std::size_t tiles = follows_gaps(a.coding) ? gap_tiles(entries) : 0;
  for (std::size_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const WarpGaps gaps(a.support, tile, entries);
    const IndexCosts own = costs_of(gaps);
    const IndexCosts all = cuda::sum_of_warps(own).all;
    if (cuda::lane() == 0) a.blocks[gaps.number] = own;
    if (threadIdx.x == 0) a.tiles[tile] = all;
  }
  if (!cuda::is_last_block(&a.writing->arrived)) return;
  const IndexCosts all = cuda::scan_in_place(a.tiles, tiles);
  if (threadIdx.x != 0) return;
  const std::uint32_t last = tiles > 0 ? a.blocks[gap_blocks(entries) - 1].parameters : 0;
  choose(a, {entries, a.support.size, all, last});
}

__device__ BlockCosts block_costs(const Arguments& a, std::size_t tile, const WarpGaps& gaps) {
  if (!follows_gaps(a.writing->coding)) return {};
  BlockCosts costs{a.tiles[tile], a.blocks[gaps.number]};
  for (std::size_t b = tile * cuda::kBlockWarps; b < gaps.number; ++b) {
    costs.before = costs.before + a.blocks[b];
  }
  return costs;
}

__device__ void write_tiles(const Arguments& a) {
  const std::size_t tiles = gap_tiles(a.writing->costs.entries);
  with_coder(a.writing->coding, [&](auto coder) {
    for (std::size_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
      const WarpGaps gaps(a.support, tile, a.writing->costs.entries);
      coder.write(*a.writing, gaps, block_costs(a, tile, gaps));
    }
  });
}

__global__ void measure(Arguments a) { measure_tiles(a); }
__global__ void write(Arguments a) { write_tiles(a); }

// Both, by one block.
__global__ void measure_and_write(Arguments a) {
  measure_tiles(a);
  __syncthreads();
  write_tiles(a);
}

}  // namespace

void write_indices(IndexCoding coding, const DeviceSupport& support, DeviceSpan<std::byte> out,
                   std::uint64_t* used, cuda::DeviceScratch& scratch, DeviceStream stream) {
  const cuda::DeviceScratch::Frame frame(scratch);
  const std::size_t most = most_index_bytes(coding, support.most, support.size);
  const std::size_t tiles = gap_tiles(support.most);
  const auto writing = scratch.take<IndexWriting>(1);
  const Arguments arguments{coding,
                            support,
                            out.data(),
                            used,
                            writing.data(),
                            scratch.take<IndexCosts>(tiles * cuda::kBlockWarps).data(),
                            scratch.take<IndexCosts>(tiles).data()};
  cuda::clear(out.first(padded_indices(most - kIndexFront)), stream);
  cuda::clear(writing, stream);
  const auto launch = [&](void (*kernel)(Arguments), unsigned blocks) {
    cuda::launch(kernel, blocks, cuda::kBlock, stream, arguments);
  };
  if (tiles <= kFewTiles) return launch(measure_and_write, 1);
  const unsigned blocks = cuda::blocks_for(support.most, kGapTile);
  launch(measure, follows_gaps(coding) ? blocks : 1);
  launch(write, blocks);
}

}  // namespace pith
