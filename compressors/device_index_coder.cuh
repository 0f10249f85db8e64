// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <pith/compressors/device_bits.cuh>
#include <pith/compressors/device_gaps.cuh>
#include <pith/compressors/elias_fano_layout.h>
#include <pith/core/bytes.h>

// What the coders of device_index_*.cuh are made of. Each has
//
//   bytes(costs)                  as IndexCoder::cost()
//   write(writing, gaps, costs)   a gap block, by a warp
//   open(reading)                 by one thread: false if the bytes are none of its own, as far as
//                                 their number, their padding and their last one tell
//   kUnit                         bits of what it reads one by one; 0: nothing
//   ends(word)                    of 32 bits, the lowest of each unit that an index ends with
//
// and, if it needs no other index to read one, index(reading, i, dropped): index number i, whose
// end lies behind so many units that are none; else Gaps, which reads the gaps of a gap block.
namespace pith {

/// Bytes of what stands before the coder's, and of the message's head before that.
inline constexpr std::size_t kIndexFront = sizeof(std::uint64_t);
inline constexpr std::size_t kSparseHead = sizeof(std::uint64_t);

/// From the front to the end of the padding, with so many bytes of the coder's.
constexpr std::uint64_t padded_indices(std::uint64_t bytes) {
  return padded(kSparseHead + kIndexFront + bytes) - kSparseHead;
}

/// What a support takes in the coders that depend on its gaps.
struct SupportCosts {
  std::size_t entries;
  std::size_t n;
  IndexCosts all;
  std::uint32_t last_parameter;  ///< of Rice's last block
};

/// Of a gap block.
struct BlockCosts {
  IndexCosts before;  ///< what the blocks before it take
  IndexCosts own;
};

/// What write_indices() has decided.
struct IndexWriting {
  unsigned arrived;  ///< blocks of the kernel that decides
  IndexCoding coding;
  SupportCosts costs;
  std::uint64_t bytes;
  std::byte* data;  ///< so many, cleared

  __device__ DeviceBitWriter bits() const { return {reinterpret_cast<std::uint32_t*>(data)}; }
};

/// What read_indices() found at the front.
struct IndexReading {
  unsigned arrived;     ///< blocks of the kernel that runs
  unsigned refused;     ///< 1: a kernel before this one found that the bytes are not valid
  IndexCoding coding;   ///< automatic: refused at the front
  std::uint32_t count;  ///< indices to read
  std::size_t n;
  DeviceBits bytes;
  std::uint64_t units;        ///< byte where the units begin, which are the rest
  EliasFanoLayout fano;       ///< for index=elias_fano
  std::uint64_t* parameters;  ///< for index=rice: the sum of those before each tile, on the device
  std::uint64_t all_parameters;
};

/// A gap that is not one: larger than any segment.
inline constexpr std::uint64_t kNoGap = ~std::uint64_t{0};

}  // namespace pith
