// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include <pith/compressors/device_source.cuh>
#include <pith/core/range.h>
#include <pith/cuda/scan.cuh>

// The elements of one block of a codec, in the shared memory of the threads that code it, and what
// is found of all of them. Every function here is called by all threads of a block together.
namespace pith {

inline constexpr unsigned kGroup = 256;  // of absolute_sum()

/// What functions over a block share.
template <unsigned kThreads, unsigned kChunk>
struct BlockRoom {
  double total;
  float warps[kThreads / cuda::kWarp];
  float rows[(kChunk + kGroup - 1) / kGroup * cuda::kWarp];
};

/// Composes a block's elements, each by the thread that is going to code it: once where they are no
/// more than a chunk, else, chunk by chunk, as often as they are asked for.
template <class Source, unsigned kThreads_, unsigned kItems>
class BlockElements {
 public:
  static constexpr unsigned kThreads = kThreads_;
  static constexpr unsigned kChunk = kThreads * kItems;
  using Room = BlockRoom<kThreads, kChunk>;

  __device__ BlockElements(const Source& source, Range block, float* chunk, Room& room)
      : source_(source), block_(block), chunk_(chunk), room_(room) {}

  __device__ std::size_t size() const { return block_.end - block_.begin; }
  __device__ Room& room() const { return room_; }

  /// False if an element that this thread composed is not.
  __device__ bool finite() const { return finite_; }

  /// Calls body(elements, count, first) for every chunk; its first element is number `first` of the
  /// tensor.
  template <class Body>
  __device__ void for_chunks(const Body& body) {
    for (std::size_t first = block_.begin; first < block_.end; first += kChunk) {
      if (first != held_) hold(first);
      const std::size_t rest = block_.end - first;
      body(chunk_, rest < kChunk ? static_cast<unsigned>(rest) : kChunk, first);
    }
  }

  /// The elements of a block of one chunk, for somebody who spoils them.
  __device__ float* spoil() {
    if (held_ != block_.begin) hold(block_.begin);
    held_ = kNone;
    return chunk_;
  }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};

  // All loads of a thread are on their way before the first is waited for.
  __device__ void hold(std::size_t first) {
    float u[kItems];
#pragma unroll
    for (unsigned k = 0; k < kItems; ++k) {
      const std::size_t i = first + k * kThreads + threadIdx.x;
      u[k] = i < block_.end ? source_.compose(i) : 0.0f;
    }
    __syncthreads();  // nobody reads the last chunk any more
#pragma unroll
    for (unsigned k = 0; k < kItems; ++k) {
      finite_ = finite_ && std::isfinite(u[k]);
      chunk_[k * kThreads + threadIdx.x] = u[k];
    }
    __syncthreads();
    held_ = first;
  }

  const Source& source_;
  Range block_;
  float* chunk_;
  Room& room_;
  std::size_t held_ = kNone;
  bool finite_ = true;
};

/// The value of the first thread.
template <class Room>
__device__ double of_first_thread(double value, Room& room) {
  __syncthreads();  // nobody reads the last one any more
  if (threadIdx.x == 0) room.total = value;
  __syncthreads();
  return room.total;
}

/// Of `kStripes` sums, one of each of the first lanes of the first warp, as fold() of vector.cc.
template <unsigned kStripes, class Room>
__device__ double folded(double sum, Room& room) {
  if (cuda::warp() == 0) sum = cuda::warp_sum<kStripes>(sum);
  return of_first_thread(sum, room);
}

/// Element i is added to sum i % kStripes, in order.
template <unsigned kStripes, class Elements, class Term>
__device__ double striped_sum(Elements& x, const Term& term) {
  double sum = 0;
  x.for_chunks([&](const float* elements, unsigned count, std::size_t) {
    if (threadIdx.x >= kStripes) return;
    for (unsigned i = threadIdx.x; i < count; i += kStripes) sum += term(elements[i]);
  });
  return folded<kStripes>(sum, x.room());
}

template <class Elements>
__device__ double squared_norm(Elements& x) {
  return striped_sum<16>(x, [](float v) { return static_cast<double>(v) * v; });
}

/// As vector.cc adds: the rows of a group of eight as floats, by a warp.
template <class Elements>
__device__ double absolute_sum(Elements& x) {
  double sum = 0;
  float* const rows = x.room().rows;
  x.for_chunks([&](const float* elements, unsigned count, std::size_t) {
    const unsigned groups = count / kGroup;
    for (unsigned g = cuda::warp(); g < groups; g += Elements::kThreads / cuda::kWarp) {
      const float* const mine = elements + g * kGroup + cuda::lane();
      float of_rows = std::abs(mine[0]);
      for (unsigned i = cuda::kWarp; i < kGroup; i += cuda::kWarp) of_rows += std::abs(mine[i]);
      rows[g * cuda::kWarp + cuda::lane()] = of_rows;
    }
    __syncthreads();
    if (cuda::warp() == 0) {
      for (unsigned i = cuda::lane(); i < groups * cuda::kWarp; i += cuda::kWarp) sum += rows[i];
      for (unsigned i = groups * kGroup + cuda::lane(); i < count; i += cuda::kWarp) {
        sum += std::abs(static_cast<double>(elements[i]));
      }
    }
    __syncthreads();
  });
  sum = folded<cuda::kWarp>(sum, x.room());
  if (std::isfinite(sum)) return sum;
  return striped_sum<16>(x, [](float v) { return std::abs(static_cast<double>(v)); });
}

/// choose(choose(value of an element, another), ...) of all threads' values, in any order.
template <unsigned kThreads, class Room, class Choose>
__device__ float chosen(float value, Room& room, const Choose& choose) {
  value = cuda::warp_fold(value, choose);
  __syncthreads();  // nobody reads the last ones any more
  if (cuda::lane() == 0) room.warps[cuda::warp()] = value;
  __syncthreads();
  value = room.warps[0];
  for (unsigned w = 1; w < kThreads / cuda::kWarp; ++w) value = choose(value, room.warps[w]);
  return value;
}

struct DeviceExtremes {
  float min;
  float max;
};

/// Of what of() makes of the elements.
template <class Elements, class Of>
__device__ DeviceExtremes extremes(Elements& x, const Of& of) {
  constexpr auto kLess = [](float a, float b) { return b < a ? b : a; };
  constexpr auto kMore = [](float a, float b) { return a < b ? b : a; };
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  DeviceExtremes found{kInfinity, -kInfinity};
  x.for_chunks([&](const float* elements, unsigned count, std::size_t) {
    for (unsigned i = threadIdx.x; i < count; i += Elements::kThreads) {
      const float v = of(elements[i]);
      found = {kLess(found.min, v), kMore(found.max, v)};
    }
  });
  return {chosen<Elements::kThreads>(found.min, x.room(), kLess),
          chosen<Elements::kThreads>(found.max, x.room(), kMore)};
}

}  // namespace pith
