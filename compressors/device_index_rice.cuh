// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/device_index_coder.cuh>
#include <pith/compressors/index_rice.h>

namespace pith {

/// index_rice.h, on a device.
struct DeviceRice {
  static constexpr unsigned kUnit = 1;

  // A block's parameter, and how long its numbers get.
  struct Choice {
    unsigned k;
    std::uint32_t unary;  // bits
  };

  /// By a warp, as choose() of index_rice.cc. gaps.count > 0.
  __device__ static Choice choose(const WarpGaps& gaps) {
    const std::uint32_t mean = sum_shifted(gaps, 0) / gaps.count;
    unsigned k = min(kLargestRice, 32u - static_cast<unsigned>(__clz(static_cast<int>(mean))));
    std::uint64_t sum = sum_shifted(gaps, k);
    while (k > 0) {
      const std::uint64_t next = sum_shifted(gaps, k - 1);
      if (next > sum + gaps.count) break;
      sum = next;
      --k;
    }
    return {k, static_cast<std::uint32_t>(gaps.count + sum)};
  }

  __device__ static std::uint64_t bytes(const SupportCosts& costs) {
    return gap_blocks(costs.entries) + low_bytes(costs) + bytes_of(costs.all.unary);
  }

  __device__ static void write(const IndexWriting& writing, const WarpGaps& gaps,
                               const BlockCosts& costs) {
    if (gaps.count == 0) return;
    const std::size_t blocks = gap_blocks(writing.costs.entries);
    const unsigned k = costs.own.parameters;
    if (cuda::lane() == 0) writing.bits().put(8 * gaps.number, k, 8);
    const std::size_t low = 8 * blocks + std::uint64_t{costs.before.parameters} * kGapBlock;
    std::size_t unary = 8 * (blocks + low_bytes(writing.costs)) + costs.before.unary;
    for (unsigned j = 0; j < kGapsPerLane; ++j) {
      const std::uint32_t size = gaps.has(j) ? (gaps.gaps[j] >> k) + 1 : 0;
      const std::uint32_t upto = cuda::warp_scan(size);
      writing.bits().put_ascending(gaps.has(j), low + gaps.in_block(j) * k, gaps.gaps[j], k);
      writing.bits().put_ascending(gaps.has(j), unary + upto - 1, 1, 1);
      unary += cuda::from_lane(upto, cuda::kWarp - 1);
    }
  }

  /// Adds up the parameters, by a block of threads. False, and more to read than there is, unless
  /// they are all there and none is too large.
  __device__ static bool read_parameters(IndexReading& reading) {
    const std::size_t blocks = gap_blocks(reading.count);
    bool fine = blocks <= reading.bytes.size;
    const std::size_t tiles = (blocks + cuda::kBlockWarps - 1) / cuda::kBlockWarps;
    for (std::size_t tile = threadIdx.x; tile < tiles; tile += cuda::kBlock) {
      std::uint64_t sum = 0;
      for (std::size_t b = 0; b < cuda::kBlockWarps; ++b) {
        const std::size_t block = tile * cuda::kBlockWarps + b;
        const std::uint32_t k = block < blocks ? reading.bytes.byte(block) : 0;
        fine &= k <= kLargestRice;
        sum += k;
      }
      reading.parameters[tile] = sum;
    }
    const std::uint64_t all = cuda::scan_in_place(reading.parameters, tiles);
    if (threadIdx.x == 0) reading.all_parameters = all;
    return __syncthreads_or(!fine) == 0;
  }

  // All numbers together are not longer than the segment. The unary ones end in the last byte.
  __device__ static bool open(IndexReading& reading) {
    const std::size_t blocks = gap_blocks(reading.count);
    const std::uint64_t size = reading.bytes.size;
    const std::uint32_t last = blocks > 0 ? reading.bytes.byte(blocks - 1) : 0;
    const std::size_t low_bits = low_bits_of(reading.count, reading.all_parameters, last);
    reading.units = blocks + bytes_of(low_bits);
    if (size < reading.units || size - reading.units > bytes_of(reading.n)) return false;
    if (!reading.bytes.zero_to_byte_end(8 * blocks + low_bits)) return false;
    return size == reading.units || reading.bytes.byte(size - 1) != 0;
  }

  __device__ static std::uint32_t ends(std::uint32_t word) { return word; }

  struct Gaps {
    const IndexReading& reading;
    unsigned k = 0;
    std::size_t low = 0;  // where the low parts begin

    __device__ Gaps(const IndexReading& from, const WarpBlock& block) : reading(from) {
      if (block.count == 0) return;
      const std::size_t tile = block.number / cuda::kBlockWarps;
      std::uint64_t before = reading.parameters[tile];
      for (std::size_t b = tile * cuda::kBlockWarps; b < block.number; ++b) {
        before += reading.bytes.byte(b);
      }
      k = reading.bytes.byte(block.number);
      low = 8 * gap_blocks(reading.count) + before * kGapBlock;
    }

    __device__ std::uint64_t gap(const WarpBlock& block, unsigned j, std::uint64_t dropped_before,
                                 std::uint64_t dropped) const {
      const std::uint64_t quotient = dropped - dropped_before;
      return (quotient << k) + reading.bytes.bits(low + block.in_block(j) * k, k);
    }
  };

 private:
  __device__ static std::uint32_t sum_shifted(const WarpGaps& gaps, unsigned k) {
    std::uint32_t sum = 0;
    for (const std::uint32_t gap : gaps.gaps) sum += gap >> k;
    return cuda::warp_sum(sum);
  }

  // All blocks are full but the last.
  __device__ static std::size_t low_bits_of(std::size_t entries, std::uint64_t parameters,
                                            std::uint32_t last) {
    return parameters * kGapBlock - (gap_blocks(entries) * kGapBlock - entries) * last;
  }

  __device__ static std::size_t low_bytes(const SupportCosts& costs) {
    return bytes_of(low_bits_of(costs.entries, costs.all.parameters, costs.last_parameter));
  }
};

}  // namespace pith
