// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>

#include <pith/compressors/device_select.h>
#include <pith/compressors/device_source.cuh>
#include <pith/compressors/select.cuh>
#include <pith/compressors/tiles.cuh>
#include <pith/cuda/stream.h>

namespace pith {
namespace {

// A magnitude's 31 bits are found digit by digit, from the highest on.
constexpr unsigned kDigits = 3;
constexpr unsigned kBins = 2048;
__device__ inline unsigned shift_of(unsigned digit) { return 10 * (kDigits - 1 - digit); }
__device__ inline unsigned bits_of(unsigned digit) { return digit == 0 ? 11 : 10; }

// What the kernels of one call tell each other. Zero when it begins.
struct Search {
  std::uint32_t counts[kDigits][kBins];
  unsigned arrived[kDigits];
  unsigned ticket;
  std::uint32_t found;   // candidates, also those that there was no room for
  std::uint32_t prefix;  // of the k-th largest magnitude: its digits so far
  std::uint32_t wanted;  // how many of those that begin with it are among the k largest
};

// What is looked through: the candidates, or all elements, composed again, where these do not do.
template <Composing kComposing>
struct Items {
  Composer<kComposing> x;
  DeviceEntries candidates;
  std::uint32_t k;

  __device__ bool whole() const {
    return *candidates.count < k || *candidates.count > candidates.room();
  }
  __device__ std::size_t size() const { return whole() ? x.x.size : *candidates.count; }
  __device__ float value(bool all, std::size_t i) const {
    return all ? x.compose(i) : candidates.values.data()[i];
  }
  __device__ std::uint32_t index(bool all, std::size_t i) const {
    return all ? static_cast<std::uint32_t>(i) : candidates.indices.data()[i];
  }
};

// A tile's values; 0 behind the last.
template <Composing kComposing>
__device__ void load_tile(const Items<kComposing>& items, bool whole, std::size_t size,
                          std::size_t tile, float (&values)[kEach]) {
#pragma unroll
  for (unsigned step = 0; step < kEach; ++step) {
    const std::size_t i = tile_element(tile, step);
    values[step] = i < size ? items.value(whole, i) : 0.0f;
  }
}

// Finds the bin of the wanted one, counted from the highest bin on. By all threads of one block.
__device__ void narrow(Search& search, unsigned digit, std::uint32_t wanted) {
  constexpr unsigned kBinsEach = kBins / cuda::kBlock;
  const volatile std::uint32_t* const counts = search.counts[digit];
  const unsigned top = kBins - 1 - threadIdx.x * kBinsEach;
  std::uint32_t mine = 0;
  for (unsigned b = 0; b < kBinsEach; ++b) mine += counts[top - b];
  std::uint32_t before = cuda::block_scan(mine).before;
  if (before >= wanted || wanted - before > mine) return;
  unsigned bin = top;
  for (; wanted - before > counts[bin]; --bin) before += counts[bin];
  search.prefix = search.prefix << bits_of(digit) | bin;
  search.wanted = wanted - before;
}

// The next call's guess: nearer to the threshold if there were many candidates, else farther away.
__device__ void learn(DeviceLargest::Guess& guess, const Search& search, std::uint32_t k) {
  constexpr float kNearest = 1.0f / 256;
  constexpr float kFarthest = 1.0f / 2;
  const std::uint64_t found = search.found;
  const std::uint64_t wanted = k;
  if (found > 2 * wanted + 1024) guess.distance = max(guess.distance / 2, kNearest);
  if (found < wanted + wanted / 4 + 32) guess.distance = min(guess.distance * 2, kFarthest);
  guess.least = __float_as_uint(__uint_as_float(search.prefix) * (1 - guess.distance));
}

// Adds up the digits of the tiles that this block of threads has.
template <Composing kComposing>
__device__ void count_own(const Items<kComposing>& items, std::size_t size, std::size_t tiles,
                          Search* search, unsigned digit) {
  __shared__ std::uint32_t bins[kBins];
  const bool whole = items.whole();
  const unsigned shift = shift_of(digit);
  const std::uint32_t prefix = search->prefix;
  for (unsigned b = threadIdx.x; b < kBins; b += cuda::kBlock) bins[b] = 0;
  __syncthreads();
  for (std::size_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    float values[kEach];
    load_tile(items, whole, size, tile, values);
#pragma unroll
    for (unsigned step = 0; step < kEach; ++step) {
      const std::uint32_t bits = magnitude_bits(values[step]) >> shift;
      if (tile_element(tile, step) < size && bits >> bits_of(digit) == prefix) {
        atomicAdd(&bins[bits & ((1u << bits_of(digit)) - 1)], 1u);
      }
    }
  }
  __syncthreads();
  for (unsigned b = threadIdx.x; b < kBins; b += cuda::kBlock) {
    if (bins[b] > 0) atomicAdd(&search->counts[digit][b], bins[b]);
  }
}

template <Composing kComposing>
__global__ void count_digits(Items<kComposing> items, Search* search, unsigned digit,
                             DeviceLargest::Guess* guess) {
  const std::size_t size = items.size();
  const std::size_t tiles = (size + kTile - 1) / kTile;
  const std::uint32_t wanted = digit == 0 ? items.k : search->wanted;
  // Where candidates are few, most blocks of threads have none of their tiles.
  if (blockIdx.x < tiles) count_own(items, size, tiles, search, digit);
  if (!cuda::is_last_block(&search->arrived[digit])) return;
  narrow(*search, digit, wanted);
  __syncthreads();
  if (digit == kDigits - 1 && threadIdx.x == 0) learn(*guess, *search, items.k);
}

struct Votings {
  Votes above, ties;
};

__device__ void vote_for(const float (&values)[kEach], std::size_t tile, std::size_t size,
                         std::uint32_t kth, Votings& votes) {
#pragma unroll
  for (unsigned step = 0; step < kEach; ++step) {
    const std::uint32_t bits = magnitude_bits(values[step]);
    const bool there = tile_element(tile, step) < size;
    votes.above.vote(step, there && bits > kth);
    votes.ties.vote(step, there && bits == kth);
  }
}

template <Composing kComposing>
__global__ void __launch_bounds__(cuda::kBlock, 4)
    write_largest(Items<kComposing> items, Search* search, cuda::Lookback above,
                  cuda::Lookback ties, DeviceEntries out) {
  __shared__ Places<2> places;
  const bool whole = items.whole();
  const std::size_t size = items.size();
  const std::size_t wanted_ties = search->wanted;
  if (cuda::global_thread() == 0) *out.count = items.k;
  for (auto tile = cuda::next_tile(&search->ticket); tile * kTile < size;
       tile = cuda::next_tile(&search->ticket)) {
    float values[kEach];
    Votings votes;
    load_tile(items, whole, size, tile, values);
    vote_for(values, tile, size, search->prefix, votes);
    places.find({above, ties}, tile, {votes.above.count(), votes.ties.count()});
    std::size_t larger = places.before_warp(0);
    std::size_t equal = places.before_warp(1);
#pragma unroll
    for (unsigned step = 0; step < kEach; ++step) {
      const std::size_t ties_before = equal + votes.ties.before(step);
      const bool kept =
          votes.above.kept(step) || (votes.ties.kept(step) && ties_before < wanted_ties);
      const std::size_t place = larger + votes.above.before(step) + min(ties_before, wanted_ties);
      if (kept && place < items.k) {  // more are kept only if a gradient is written meanwhile
        out.indices.data()[place] = items.index(whole, tile_element(tile, step));
        out.values.data()[place] = values[step];
      }
      larger += votes.above.in_step(step);
      equal += votes.ties.in_step(step);
    }
  }
}

// What composes the same elements once more, after keep(): from the next states where they hold
// what is needed, from the current ones where those are still there, or else from a copy.
DeviceSource again(const DeviceSource& x, const float* composed) {
  DeviceSource same = x;
  same.state_scale = 1;
  same.own = x.next_own;
  switch (x.composing) {
    case Composing::gradient:
      return x;
    case Composing::residual:
      return {.size = x.size, .gradient = x.next_own};
    case Composing::difference:
      return same;
    case Composing::momentum:
      same.composing = Composing::difference;
      same.gradient = x.next_other;
      same.gradient_scale = 1;
      return same;
    case Composing::control:
      return composed ? DeviceSource{.size = x.size, .gradient = composed} : x;
  }
  return x;
}

float* copy_for(const DeviceSource& x, cuda::DeviceScratch& scratch) {
  const bool in_place = x.next_own == x.own || x.next_other == x.other;
  if (x.composing != Composing::control || !in_place) return nullptr;
  return scratch.take<float>(x.size).data();
}

}  // namespace

// The first guess lies above everything.
DeviceLargest::DeviceLargest() : guess_(1) {
  const Guess first{kMagnitudeMask, 1.0f / 16};
  const cuda::Stream stream;  // the default one would wait for the trainer's
  cuda::upload(std::span(&first, 1), guess_.span(), stream);
  cuda::synchronize(stream);
}

void DeviceLargest::find(const DeviceSource& x, std::size_t k, const DeviceEntries& out,
                         DeviceFault* fault, cuda::DeviceScratch& scratch, DeviceStream stream) {
  const cuda::DeviceScratch::Frame frame(scratch);
  const std::size_t room = std::min(4 * k + 8192, x.size);
  const std::size_t tiles = tiles_of(x.size);
  const auto lookback = scratch.take<cuda::Lookback::Word>(2 * tiles);
  const auto search = scratch.take<Search>(1);
  cuda::clear(lookback, stream);
  cuda::clear(search, stream);
  DeviceEntries candidates = take_entries(room, scratch);
  candidates.count = &search.data()->found;
  float* const composed = copy_for(x, scratch);
  const std::uint32_t* const guess = room < x.size ? &guess_.span().data()->least : nullptr;
  collect(x, {0, guess}, composed, candidates, fault, scratch, stream);
  with_composer(again(x, composed), [&]<Composing kComposing>(const Composer<kComposing>& same) {
    const Items<kComposing> items{same, candidates, static_cast<std::uint32_t>(k)};
    const unsigned blocks = cuda::blocks_for(tiles, 1);
    for (unsigned digit = 0; digit < kDigits; ++digit) {
      cuda::launch(count_digits<kComposing>, blocks, cuda::kBlock, stream, items, search.data(),
                   digit, guess_.span().data());
    }
    cuda::launch(write_largest<kComposing>, blocks, cuda::kBlock, stream, items, search.data(),
                 cuda::Lookback(lookback.data()), cuda::Lookback(lookback.data() + tiles), out);
  });
}

}  // namespace pith
