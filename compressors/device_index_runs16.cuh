// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/device_index_coder.cuh>
#include <pith/compressors/index_runs16.h>

namespace pith {

/// index_runs16.h, on a device.
struct DeviceRuns16 {
  static constexpr unsigned kUnit = 16;

  __device__ static std::uint64_t bytes(const SupportCosts& costs) {
    return std::uint64_t{2} * costs.all.runs;
  }

  __device__ static void write(const IndexWriting& writing, const WarpGaps& gaps,
                               const BlockCosts& costs) {
    auto* const numbers = reinterpret_cast<std::uint16_t*>(writing.data);
    std::size_t used = costs.before.runs;
    for (unsigned j = 0; j < kGapsPerLane; ++j) {
      const std::uint32_t escapes = gaps.gaps[j] / kRunEscape;
      const std::uint32_t size = gaps.has(j) ? escapes + 1 : 0;
      const std::uint32_t upto = cuda::warp_scan(size);
      if (gaps.has(j)) {
        numbers[used + upto - 1] = static_cast<std::uint16_t>(gaps.gaps[j] % kRunEscape);
      }
      escape(numbers + used, upto - size, escapes);
      used += cuda::from_lane(upto, cuda::kWarp - 1);
    }
  }

  // No number stands for less than one element.
  __device__ static bool open(IndexReading& reading) {
    const std::uint64_t size = reading.bytes.size;
    if (size % 2 != 0 || size / 2 > reading.n) return false;
    return size == 0 || reading.bytes.bits(8 * size - 16, 16) != kRunEscape;
  }

  __device__ static std::uint32_t ends(std::uint32_t word) {
    return ((word & 0xffff) != kRunEscape ? 1u : 0u) | (word >> 16 != kRunEscape ? 1u << 16 : 0u);
  }

  struct Gaps {
    const IndexReading& reading;

    __device__ Gaps(const IndexReading& from, const WarpBlock&) : reading(from) {}

    __device__ std::uint64_t gap(const WarpBlock& block, unsigned j, std::uint64_t dropped_before,
                                 std::uint64_t dropped) const {
      const std::uint64_t run = reading.bytes.bits(16 * (block.entry(j) + dropped), 16);
      return (dropped - dropped_before) * kRunEscape + run;
    }
  };

 private:
  // All lanes write the escapes of one after the other: there may be many.
  __device__ static void escape(std::uint16_t* numbers, std::uint32_t at, std::uint32_t escapes) {
    unsigned lanes = __ballot_sync(cuda::kAllLanes, escapes > 0);
    for (; lanes != 0; lanes &= lanes - 1) {
      const auto source = static_cast<unsigned>(__ffs(static_cast<int>(lanes)) - 1);
      const std::uint32_t first = cuda::from_lane(at, source);
      const std::uint32_t end = first + cuda::from_lane(escapes, source);
      for (std::uint32_t i = first + cuda::lane(); i < end; i += cuda::kWarp) {
        numbers[i] = kRunEscape;
      }
    }
  }
};

}  // namespace pith
