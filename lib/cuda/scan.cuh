// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <pith/cuda/launch.cuh>

// Sums over the lanes of a warp, all of which come here, and over the kBlock threads of a block: of
// whole numbers or structs of such that can be added, and of floats where the order is told. V{} is
// zero.
namespace pith::cuda {

inline constexpr unsigned kAllLanes = 0xffffffffu;
inline constexpr unsigned kBlockWarps = kBlock / kWarp;

/// shuffle(word) for each 32 bits of the value.
template <class V, class Shuffle>
__device__ V shuffled(V value, const Shuffle& shuffle) {
  static_assert(sizeof(V) % sizeof(std::uint32_t) == 0);
  std::uint32_t words[sizeof(V) / sizeof(std::uint32_t)];
  memcpy(words, &value, sizeof(V));
  for (std::uint32_t& word : words) word = shuffle(word);
  memcpy(&value, words, sizeof(V));
  return value;
}

/// What the lane `source` has.
template <class V>
__device__ V from_lane(V value, unsigned source) {
  return shuffled(value, [&](std::uint32_t word) {
    return __shfl_sync(kAllLanes, word, static_cast<int>(source));
  });
}

/// What the lane `distance` below has; the own value where there is none.
template <class V>
__device__ V from_below(V value, unsigned distance) {
  return shuffled(value,
                  [&](std::uint32_t word) { return __shfl_up_sync(kAllLanes, word, distance); });
}

/// What the lane above has; the own value where there is none.
template <class V>
__device__ V from_above(V value) {
  return shuffled(value, [&](std::uint32_t word) { return __shfl_down_sync(kAllLanes, word, 1); });
}

/// join(join(value of a lane, another), ...) over each kLanes neighbours, in every lane: as a tree
/// that joins first what is kLanes / 2 apart.
template <unsigned kLanes = kWarp, class V, class Join>
__device__ V warp_fold(V value, const Join& join) {
  for (unsigned apart = kLanes / 2; apart > 0; apart /= 2) {
    value = join(value, shuffled(value, [&](std::uint32_t word) {
                   return __shfl_xor_sync(kAllLanes, word, static_cast<int>(apart));
                 }));
  }
  return value;
}

/// Over each kLanes neighbours, in every lane, as the tree of warp_fold(): so does fold() of
/// vector.cc add up, and sums of floats have its bits.
template <unsigned kLanes = kWarp, class V>
__device__ V warp_sum(V value) {
  return warp_fold<kLanes>(value, [](const V& a, const V& b) { return a + b; });
}

/// Of the lanes up to this one.
template <class V>
__device__ V warp_scan(V value) {
  for (unsigned distance = 1; distance < kWarp; distance *= 2) {
    const V below = from_below(value, distance);
    if (lane() >= distance) value = value + below;
  }
  return value;
}

template <class V>
struct BlockSum {
  V before;  ///< of the warps, or the threads, before this one
  V all;
};

/// Of what the warps of the block have, one value each. Waits for all threads.
template <class V>
__device__ BlockSum<V> sum_of_warps(V of_warp) {
  __shared__ V sums[kBlockWarps];
  __syncthreads();
  if (lane() == 0) sums[warp()] = of_warp;
  __syncthreads();
  BlockSum<V> sum{V{}, V{}};
  for (unsigned w = 0; w < kBlockWarps; ++w) {
    if (w < warp()) sum.before = sum.before + sums[w];
    sum.all = sum.all + sums[w];
  }
  return sum;
}

/// Of what the threads of the block have. Waits for all.
template <class V>
__device__ BlockSum<V> block_scan(V value) {
  const V upto = warp_scan(value);
  const V below = from_below(upto, 1);
  BlockSum<V> sum = sum_of_warps(from_lane(upto, kWarp - 1));
  if (lane() > 0) sum.before = sum.before + below;
  return sum;
}

/// As many as a block scans at a time: each thread what one access brings, 32 bytes.
template <class V>
inline constexpr std::size_t kScanTile = 32 / sizeof(V) * kBlock;

/// Replaces each value by `before` and the sum of those before it; returns `before` and the sum of
/// all. Of so many values, at most a tile, by one block.
template <class V>
__device__ V scan_tile(V* values, std::size_t count, V before) {
  constexpr unsigned kEach = kScanTile<V> / kBlock;
  const unsigned first = kEach * threadIdx.x;
  V own[kEach];
  V sum{};
  for (unsigned j = 0; j < kEach; ++j) {
    own[j] = first + j < count ? values[first + j] : V{};
    sum = sum + own[j];
  }
  const BlockSum<V> block = block_scan(sum);
  V next = before + block.before;
  for (unsigned j = 0; j < kEach; ++j) {
    if (first + j < count) values[first + j] = next;
    next = next + own[j];
  }
  return before + block.all;
}

/// Replaces each value by the sum of those before it, and returns the sum of all: by one block,
/// whose threads may have written the values just before, and wait before they read them.
template <class V>
__device__ V scan_in_place(V* values, std::size_t count) {
  V before{};
  __syncthreads();
  for (std::size_t first = 0; first < count; first += kScanTile<V>) {
    before = scan_tile(values + first, count - first, before);
  }
  return before;
}

/// True in all threads of the block that comes last, which finds what the others have written until
/// they came. *arrived is 0 before the kernel and behind it.
__device__ inline bool is_last_block(unsigned* arrived) {
  __shared__ bool last;
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicAdd(arrived, 1u) + 1 == gridDim.x;
    if (last) *arrived = 0;
    __threadfence();
  }
  __syncthreads();
  return last;
}

}  // namespace pith::cuda
