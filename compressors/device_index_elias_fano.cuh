// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/device_index_coder.cuh>

namespace pith {

/// index_elias_fano.h, on a device.
struct DeviceEliasFano {
  static constexpr unsigned kUnit = 1;

  __device__ static std::uint64_t bytes(const SupportCosts& costs) {
    return elias_fano_layout(costs.entries, costs.n).bytes;
  }

  __device__ static void write(const IndexWriting& writing, const WarpGaps& gaps,
                               const BlockCosts&) {
    const EliasFanoLayout parts = elias_fano_layout(writing.costs.entries, writing.costs.n);
    for (unsigned j = 0; j < kGapsPerLane; ++j) {
      const std::size_t i = gaps.entry(j);
      const std::size_t high = 8 * parts.low_bytes + (gaps.indices[j] >> parts.low) + i;
      writing.bits().put_ascending(gaps.has(j), i * parts.low, gaps.indices[j], parts.low);
      writing.bits().put_ascending(gaps.has(j), high, 1, 1);
    }
  }

  __device__ static bool open(IndexReading& reading) {
    reading.fano = elias_fano_layout(reading.count, reading.n);
    reading.units = reading.fano.low_bytes;
    if (reading.bytes.size != reading.fano.bytes) return false;
    return reading.bytes.zero_to_byte_end(std::size_t{reading.count} * reading.fano.low);
  }

  __device__ static std::uint32_t ends(std::uint32_t word) { return word; }

  __device__ static std::uint64_t index(const IndexReading& reading, std::uint64_t i,
                                        std::uint64_t dropped) {
    const unsigned low = reading.fano.low;
    return dropped << low | reading.bytes.bits(i * low, low);
  }
};

}  // namespace pith
