// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/device_index_coder.cuh>
#include <pith/compressors/varint.h>

namespace pith {

/// index_delta.h, on a device.
struct DeviceDelta {
  static constexpr unsigned kUnit = 8;

  __device__ static std::uint64_t bytes(const SupportCosts& costs) { return costs.all.delta; }

  __device__ static void write(const IndexWriting& writing, const WarpGaps& gaps,
                               const BlockCosts& costs) {
    std::size_t used = costs.before.delta;
    for (unsigned j = 0; j < kGapsPerLane; ++j) {
      const unsigned size = gaps.has(j) ? varint_bytes(gaps.gaps[j]) : 0;
      const unsigned upto = cuda::warp_scan(size);
      if (gaps.has(j)) {
        const std::uint64_t number = varint_of(gaps.gaps[j], size);
        std::byte* const to = writing.data + used + upto - size;
        for (unsigned b = 0; b < size; ++b) to[b] = static_cast<std::byte>(number >> 8 * b);
      }
      used += cuda::from_lane(upto, cuda::kWarp - 1);
    }
  }

  // A number takes no more bytes than it stands for elements; so longer ones lead outside.
  __device__ static bool open(IndexReading& reading) {
    const std::uint64_t size = reading.bytes.size;
    return size <= reading.n && (size == 0 || reading.bytes.byte(size - 1) < 0x80);
  }

  /// The highest bit of a byte, brought down.
  __device__ static std::uint32_t ends(std::uint32_t word) { return ~word >> 7 & 0x01010101; }

  struct Gaps {
    const IndexReading& reading;

    __device__ Gaps(const IndexReading& from, const WarpBlock&) : reading(from) {}

    __device__ std::uint64_t gap(const WarpBlock& block, unsigned j, std::uint64_t dropped_before,
                                 std::uint64_t dropped) const {
      const std::uint64_t size = dropped - dropped_before + 1;
      if (size > kMostVarintBytes) return kNoGap;
      const auto bytes = static_cast<unsigned>(size);
      const std::size_t at = block.entry(j) + dropped_before;
      const std::uint64_t number = reading.bytes.bits(8 * at, 8 * bytes);
      return is_varint(number, bytes) ? varint_value(number) : kNoGap;
    }
  };
};

}  // namespace pith
