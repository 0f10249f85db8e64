// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/device_index_coder.cuh>

namespace pith {

/// index_raw32.h, on a device.
struct DeviceRaw32 {
  static constexpr unsigned kUnit = 0;

  __device__ static std::uint64_t bytes(const SupportCosts& costs) {
    return std::uint64_t{4} * costs.entries;
  }

  __device__ static void write(const IndexWriting& writing, const WarpGaps& gaps,
                               const BlockCosts&) {
    auto* const words = reinterpret_cast<std::uint32_t*>(writing.data);
    for (unsigned j = 0; j < kGapsPerLane; ++j) {
      if (gaps.has(j)) words[gaps.entry(j)] = gaps.indices[j];
    }
  }

  __device__ static bool open(IndexReading& reading) {
    return reading.bytes.size == std::uint64_t{4} * reading.count;
  }
};

}  // namespace pith
