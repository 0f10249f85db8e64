// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/device_index_coder.cuh>

namespace pith {

/// index_bitmap.h, on a device.
struct DeviceBitmap {
  static constexpr unsigned kUnit = 1;

  __device__ static std::uint64_t bytes(const SupportCosts& costs) { return bytes_of(costs.n); }

  __device__ static void write(const IndexWriting& writing, const WarpGaps& gaps,
                               const BlockCosts&) {
    for (unsigned j = 0; j < kGapsPerLane; ++j) {
      writing.bits().put_ascending(gaps.has(j), gaps.indices[j], 1, 1);
    }
  }

  __device__ static bool open(IndexReading& reading) {
    return reading.bytes.size == bytes_of(reading.n);
  }

  __device__ static std::uint32_t ends(std::uint32_t word) { return word; }

  __device__ static std::uint64_t index(const IndexReading&, std::uint64_t i,
                                        std::uint64_t dropped) {
    return i + dropped;
  }
};

}  // namespace pith
