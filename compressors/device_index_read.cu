// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/compressors/device_ends.cuh>
#include <pith/compressors/device_index_coders.cuh>
#include <pith/compressors/device_index_coding.h>

namespace pith {
namespace {

struct Arguments {
  IndexCoding coding;
  DeviceBits bytes;
  std::size_t n;
  DeviceIndices out;
  IndexReading* reading;
  std::uint64_t* ends;  // of indices, in every tile of words; then in those before it
  std::uint64_t* parameters;
  std::uint64_t* sums;     // of elements up to each index, likewise of gap tiles
  std::uint32_t* dropped;  // units before each gap tile
};

__device__ void refuse(const DeviceIndices& out) {
  out.fault->invalid = 1;
  *out.count = 0;
  *out.used = 0;
}

// Reads the front; automatic if that is not valid.
__device__ IndexCoding read_front(const Arguments& a, DeviceBits& bytes) {
  if (a.bytes.size < kIndexFront) return IndexCoding::automatic;
  const std::uint64_t front = a.bytes.word(0) | std::uint64_t{a.bytes.word(1)} << 32;
  const std::uint64_t size = front >> 8;
  if (size > a.bytes.size - kIndexFront) return IndexCoding::automatic;
  const std::uint64_t end = padded_indices(size);
  std::uint32_t padding = end > a.bytes.size;
  for (std::uint64_t i = kIndexFront + size; i < end; ++i) padding |= a.bytes.byte(i);
  const auto coding = static_cast<IndexCoding>(front & 0xff);
  const bool allowed =
      a.coding == IndexCoding::automatic ? coding <= IndexCoding::runs16 : coding == a.coding;
  if (padding != 0 || !allowed) return IndexCoding::automatic;
  bytes = {a.bytes.data + kIndexFront, size};
  *a.out.used = end;
  return coding;
}

__device__ IndexReading begin(const Arguments& a) {
  IndexReading reading{};
  reading.count = *a.out.count;
  reading.n = a.n;
  reading.parameters = a.parameters;
  const bool fits = reading.count <= a.n && reading.count <= a.out.indices.size();
  if (fits) reading.coding = read_front(a, reading.bytes);
  return reading;
}

// Reads what stands before the units, by one block.
__device__ void open_message(const Arguments& a) {
  IndexReading& reading = *a.reading;
  if (threadIdx.x == 0) reading = begin(a);
  __syncthreads();
  bool fine = reading.coding != IndexCoding::rice || DeviceRice::read_parameters(reading);
  if (threadIdx.x != 0) return;
  with_coder(reading.coding, [&](auto coder) { fine = fine && coder.open(reading); });
  if (fine && reading.coding != IndexCoding::automatic) return;
  reading.refused = 1;
  refuse(a.out);
}

// Calls use(coder, tile) for all tiles of words that this block has, if there are units.
template <class Use>
__device__ void for_each_word_tile(const IndexReading& reading, const Use& use) {
  with_coder(reading.coding, [&](auto coder) {
    if constexpr (coder.kUnit > 0) {
      const std::size_t tiles = gap_tiles(words_of(reading));
      for (std::size_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) use(coder, tile);
    }
  });
}

// How many indices end in each tile of words.
__device__ void count_ends(const Arguments& a) {
  const IndexReading reading = *a.reading;
  if (reading.refused != 0 || reading.coding == IndexCoding::raw32) return;
  for_each_word_tile(reading, [&](auto coder, std::size_t tile) {
    const WarpEnds<decltype(coder)> words(reading, tile);
    const std::uint64_t all = cuda::sum_of_warps(words.sum).all;
    if (threadIdx.x == 0) a.ends[tile] = all;
  });
  if (!cuda::is_last_block(&a.reading->arrived)) return;
  const std::uint64_t all = cuda::scan_in_place(a.ends, gap_tiles(words_of(reading)));
  if (threadIdx.x != 0 || all == reading.count) return;
  a.reading->refused = 1;
  refuse(a.out);
}

// Writes an index, or the units before it from which the next kernels make one.
__device__ void place_ends(const Arguments& a) {
  const IndexReading reading = *a.reading;
  if (reading.refused != 0) return;
  std::uint32_t* const indices = a.out.indices.data();
  for_each_word_tile(reading, [&](auto coder, std::size_t tile) {
    const WarpEnds<decltype(coder)> words(reading, tile);
    const std::uint64_t before = a.ends[tile] + cuda::sum_of_warps(words.sum).before;
    words.for_each(before, [&](std::uint64_t i, std::uint64_t dropped) {
      std::uint64_t index = dropped;
      if constexpr (requires { coder.index(reading, i, dropped); }) {
        index = coder.index(reading, i, dropped);
      }
      indices[i] = static_cast<std::uint32_t>(min(index, std::uint64_t{~std::uint32_t{0}}));
    });
  });
  if (reading.coding != IndexCoding::raw32) return;
  for (std::size_t i = cuda::global_thread(); i < reading.count; i += cuda::grid_threads()) {
    indices[i] = reading.bytes.word(i);
  }
}

// The gaps of a gap block, and what they add up to with the indices themselves.
template <class Coder>
struct ReadGaps : WarpBlock {
  std::uint64_t steps[kGapsPerLane];  // from one index to the next; more than n where there is none
  std::uint64_t sum = 0;              // of the warp

  __device__ ReadGaps(const Arguments& a, const IndexReading& reading, std::size_t tile,
                      std::uint32_t before_tile)
      : WarpBlock(tile, reading.count) {
    const typename Coder::Gaps gaps(reading, *this);
    const std::uint32_t* const dropped = a.out.indices.data();
    for (unsigned j = 0; j < kGapsPerLane; ++j) {
      steps[j] = 0;
      if (!has(j)) continue;
      const std::size_t i = entry(j);
      const std::uint64_t before = i % kGapTile == 0 ? before_tile : dropped[i - 1];
      steps[j] = min(gaps.gap(*this, j, before, dropped[i]), reading.n) + 1;
      sum += steps[j];
    }
    sum = cuda::warp_sum(sum);
  }
};

template <class Use>
__device__ void for_each_gap_tile(const IndexReading& reading, const Use& use) {
  with_coder(reading.coding, [&](auto coder) {
    if constexpr (requires { typename decltype(coder)::Gaps; }) {
      const std::size_t tiles = gap_tiles(reading.count);
      for (std::size_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) use(coder, tile);
    }
  });
}

// How far the gaps of each tile lead.
__device__ void add_gaps(const Arguments& a) {
  const IndexReading reading = *a.reading;
  if (reading.refused != 0 || !follows_gaps(reading.coding)) return;
  for_each_gap_tile(reading, [&](auto coder, std::size_t tile) {
    const std::uint32_t before = tile > 0 ? a.out.indices.data()[tile * kGapTile - 1] : 0;
    const ReadGaps<decltype(coder)> gaps(a, reading, tile, before);
    const std::uint64_t all = cuda::sum_of_warps(gaps.sum).all;
    if (threadIdx.x != 0) return;
    a.sums[tile] = all;
    a.dropped[tile] = before;
  });
  if (!cuda::is_last_block(&a.reading->arrived)) return;
  cuda::scan_in_place(a.sums, gap_tiles(reading.count));
}

// Makes indices of gaps.
template <class Coder>
__device__ void sum_gaps(const Arguments& a, const IndexReading& reading, std::size_t tile) {
  const ReadGaps<Coder> gaps(a, reading, tile, a.dropped[tile]);
  std::uint64_t before = a.sums[tile] + cuda::sum_of_warps(gaps.sum).before;
  for (unsigned j = 0; j < kGapsPerLane; ++j) {
    const std::uint64_t upto = before + cuda::warp_scan(gaps.steps[j]);
    if (gaps.has(j) && upto > reading.n) refuse(a.out);
    if (gaps.has(j)) a.out.indices.data()[gaps.entry(j)] = static_cast<std::uint32_t>(upto - 1);
    before = cuda::from_lane(upto, cuda::kWarp - 1);
  }
}

// That the indices ascend below n, where that does not follow from how they are made.
__device__ void check(const Arguments& a, const IndexReading& reading) {
  const std::uint32_t* const indices = a.out.indices.data();
  for (std::size_t i = cuda::global_thread(); i < reading.count; i += cuda::grid_threads()) {
    if (indices[i] >= reading.n || (i > 0 && indices[i - 1] >= indices[i])) refuse(a.out);
  }
}

__device__ void make_indices(const Arguments& a) {
  const IndexReading reading = *a.reading;
  if (reading.refused != 0) return;
  if (!follows_gaps(reading.coding)) return check(a, reading);
  for_each_gap_tile(
      reading, [&](auto coder, std::size_t tile) { sum_gaps<decltype(coder)>(a, reading, tile); });
}

__global__ void open(Arguments a) { open_message(a); }
__global__ void count(Arguments a) { count_ends(a); }
__global__ void place(Arguments a) { place_ends(a); }
__global__ void add_up(Arguments a) { add_gaps(a); }
__global__ void finish(Arguments a) { make_indices(a); }

// All of them, by one block.
__global__ void read(Arguments a) {
  open_message(a);
  __syncthreads();
  count_ends(a);
  __syncthreads();
  place_ends(a);
  __syncthreads();
  add_gaps(a);
  __syncthreads();
  make_indices(a);
}

}  // namespace

void read_indices(IndexCoding coding, DeviceSpan<const std::byte> bytes, std::size_t n,
                  const DeviceIndices& out, cuda::DeviceScratch& scratch, DeviceStream stream) {
  const cuda::DeviceScratch::Frame frame(scratch);
  const std::size_t words = bytes.size() / 4 + 1;
  const std::size_t tiles = gap_tiles(out.indices.size());
  const Arguments arguments{coding,
                            {bytes.data(), bytes.size()},
                            n,
                            out,
                            scratch.take<IndexReading>(1).data(),
                            scratch.take<std::uint64_t>(gap_tiles(words)).data(),
                            scratch.take<std::uint64_t>(tiles).data(),
                            scratch.take<std::uint64_t>(tiles).data(),
                            scratch.take<std::uint32_t>(tiles).data()};
  const unsigned of_words = cuda::blocks_for(words, kGapTile);
  const unsigned of_indices = cuda::blocks_for(out.indices.size(), kGapTile);
  const auto launch = [&](void (*kernel)(Arguments), unsigned blocks) {
    cuda::launch(kernel, blocks, cuda::kBlock, stream, arguments);
  };
  if (std::max(words, out.indices.size()) <= kFewTiles * kGapTile) return launch(read, 1);
  launch(open, 1);
  if (coding != IndexCoding::raw32) launch(count, of_words);
  launch(place, of_words);
  if (follows_gaps(coding)) launch(add_up, of_indices);
  launch(finish, of_indices);
}

}  // namespace pith
