// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/mask.cuh>

namespace pith {
namespace {

using Entry = unsigned long long;
constexpr Entry kEmpty = ~Entry{0};

// The first draw of each index: index << 32 | draw, where the index belongs or in the next free
// slot after that. The slots of ascending indices ascend, and half of them stay empty.
struct FirstDraws {
  Entry* slots;
  std::size_t size;
  unsigned shift;

  __device__ void add(std::uint32_t index, std::uint32_t draw) const {
    const Entry entry = Entry{index} << 32 | draw;
    for (std::size_t slot = index >> shift;; slot = next(slot)) {
      const Entry held = atomicCAS(&slots[slot], kEmpty, entry);
      if (held == kEmpty) return;
      if (held >> 32 == index) {
        atomicMin(&slots[slot], entry);
        return;
      }
    }
  }

  // Of an index that was added.
  __device__ std::uint32_t of(std::uint32_t index) const {
    std::size_t slot = index >> shift;
    while (slots[slot] >> 32 != index) slot = next(slot);
    return static_cast<std::uint32_t>(slots[slot]);
  }

 private:
  __device__ std::size_t next(std::size_t slot) const { return slot + 1 == size ? 0 : slot + 1; }
};

FirstDraws make_first_draws(std::size_t n, std::size_t k, cuda::DeviceScratch& scratch) {
  unsigned shift = 0;
  while (n >> shift >= 4 * k) ++shift;
  const std::size_t size = ((n - 1) >> shift) + 1;
  return {scratch.take<Entry>(size).data(), size, shift};
}

// `spare` is n - k.
struct Draws {
  std::uint32_t* indices;
  std::size_t count;
  std::size_t spare;

  // The index that stands in for that of draw t if t repeats an earlier one.
  __device__ std::size_t last(std::size_t t) const { return spare + t; }
};

__global__ void no_draws(FirstDraws first) {
  for (auto i = cuda::global_thread(); i < first.size; i += cuda::grid_threads()) {
    first.slots[i] = kEmpty;
  }
}

// The latest first, as any order must do.
__global__ void draw(Draws draws, Random random, FirstDraws first) {
  for (auto i = cuda::global_thread(); i < draws.count; i += cuda::grid_threads()) {
    const std::size_t t = draws.count - 1 - i;
    const auto index = static_cast<std::uint32_t>(random.below(draws.last(t) + 1, t));
    draws.indices[t] = index;
    first.add(index, static_cast<std::uint32_t>(t));
  }
}

__device__ void set_bit(std::uint32_t* bits, std::size_t i) {
  atomicOr(&bits[i / 32], 1u << i % 32);
}

__device__ bool repeats(const Draws& draws, const FirstDraws& first, std::size_t t) {
  for (;;) {
    const std::uint32_t index = draws.indices[t];
    if (first.of(index) != t) return true;
    if (index < draws.spare || index == draws.last(t)) return false;
    t = index - draws.spare;
  }
}

__global__ void mark(Draws draws, FirstDraws first, std::uint32_t* bits) {
  for (auto t = cuda::global_thread(); t < draws.count; t += cuda::grid_threads()) {
    set_bit(bits, draws.indices[t]);
    if (repeats(draws, first, t)) set_bit(bits, draws.last(t));
  }
}

// One warp per tile.
__global__ void count_tiles(const std::uint32_t* bits, std::size_t tiles, std::uint32_t* counts) {
  const std::size_t warps = cuda::grid_threads() / cuda::kWarp;
  for (auto tile = cuda::global_thread() / cuda::kWarp; tile < tiles; tile += warps) {
    unsigned count = 0;
    for (unsigned word = cuda::lane(); word < DeviceMask::kTileWords; word += cuda::kWarp) {
      count += static_cast<unsigned>(__popc(bits[tile * DeviceMask::kTileWords + word]));
    }
    count = cuda::warp_sum(count);
    if (cuda::lane() == 0) counts[tile] = count;
  }
}

// By one block, as there are few.
__global__ void add_before(std::uint32_t* counts, std::size_t size) {
  cuda::scan_in_place(counts, size);
}

}  // namespace

DeviceMask draw_mask(std::size_t n, std::size_t k, const Random& random,
                     cuda::DeviceScratch& scratch, DeviceStream stream) {
  const std::size_t tiles = (n + DeviceMask::kTile - 1) / DeviceMask::kTile;
  const auto bits = scratch.take<std::uint32_t>(tiles * DeviceMask::kTileWords);
  const auto before = scratch.take<std::uint32_t>(tiles);
  const cuda::DeviceScratch::Frame frame(scratch);
  const Draws draws{scratch.take<std::uint32_t>(k).data(), k, n - k};
  const FirstDraws first = make_first_draws(n, k, scratch);
  const unsigned blocks = cuda::blocks_for(k, cuda::kBlock);
  cuda::clear(bits, stream);
  cuda::launch(no_draws, cuda::blocks_for(first.size, 4 * cuda::kBlock), cuda::kBlock, stream,
               first);
  cuda::launch(draw, blocks, cuda::kBlock, stream, draws, random, first);
  cuda::launch(mark, blocks, cuda::kBlock, stream, draws, first, bits.data());
  cuda::launch(count_tiles, cuda::blocks_for(tiles, cuda::kBlockWarps), cuda::kBlock, stream,
               bits.data(), tiles, before.data());
  cuda::launch(add_before, 1, cuda::kBlock, stream, before.data(), tiles);
  return {tiles, bits.data(), before.data()};
}

}  // namespace pith
