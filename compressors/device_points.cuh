// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <pith/compressors/rounding_point.h>
#include <pith/cuda/scan.cuh>

namespace pith {

/// The rounding points of four elements of each thread, kStride apart: of four rows. A block of
/// random numbers is of four neighbours, so each of four threads draws one, of one of the rows, for
/// all of them. Without kDraws all is rounded to nearest.
template <unsigned kStride, bool kDraws>
class DevicePoints {
 public:
  static constexpr unsigned kRows = 4;
  static_assert(kStride % kRows == 0);

  /// Stands for a RoundingPoint where one element is coded.
  struct OnePoint {
    float point;
    __device__ float at(std::uint64_t) const { return point; }
  };

  __device__ explicit DevicePoints(const RoundingPoint& point) : point_(point) {}

  /// By all threads of a warp: of the elements index, index + kStride, ... of this thread, in so
  /// many rows. Thread t of the warp has the index of thread 0 plus t: all take the same branch.
  __device__ void draw(std::uint64_t index, unsigned rows) {
    if constexpr (!kDraws) return;
    if (!point_.is_random()) return;
    const unsigned own = threadIdx.x % kRows;
    if ((index - own) % kRows != 0) return draw_alone(index, rows);
    const Random::Block block = point_.random().block((index + own * kStride) / kRows);
    for (unsigned row = 0; row < kRows; ++row) words_[row] = block[row];
    exchange<1>(words_[0], words_[1]);
    exchange<1>(words_[2], words_[3]);
    exchange<2>(words_[0], words_[2]);
    exchange<2>(words_[1], words_[3]);
  }

  __device__ OnePoint of(unsigned row) const { return {point_.of_word(words_[row])}; }

 private:
  __device__ void draw_alone(std::uint64_t index, unsigned rows) {
#pragma unroll
    for (unsigned row = 0; row < kRows; ++row) {
      if (row < rows) words_[row] = point_.random().at(index + row * kStride);
    }
  }

  // Of two threads, the one gives its `high` for the other's `low`: a step of a transposition.
  template <unsigned kApart>
  __device__ static void exchange(std::uint32_t& low, std::uint32_t& high) {
    const bool upper = (threadIdx.x & kApart) != 0;
    const std::uint32_t got = __shfl_xor_sync(cuda::kAllLanes, upper ? low : high, kApart);
    low = upper ? got : low;
    high = upper ? high : got;
  }

  const RoundingPoint& point_;
  std::uint32_t words_[kRows] = {};
};

}  // namespace pith
