// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <pith/cuda/launch.cuh>

// Arrays of bits on a device, as set_bits.h and packed.h have them on the host: bit i is bit i % 8 of
// byte i / 8. They begin at a multiple of four bytes.
namespace pith {

/// Sets single bits and codes in memory that was cleared, from any threads in any order.
struct DeviceBitWriter {
  std::uint32_t* words;

  __device__ void set(std::size_t position) const {
    atomicOr(&words[position / 32], 1u << position % 32);
  }

  /// The lowest `width` bits of a code, up to 31.
  __device__ void put(std::size_t position, std::uint32_t code, unsigned width) const {
    const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
    const std::uint64_t bits = (code & mask) << position % 32;
    const auto low = static_cast<std::uint32_t>(bits);
    const auto high = static_cast<std::uint32_t>(bits >> 32);
    if (low != 0) atomicOr(&words[position / 32], low);
    if (high != 0) atomicOr(&words[position / 32 + 1], high);
  }
};

/// Bytes to read bits from. What lies past the end is 0 and not touched.
struct DeviceBits {
  const std::byte* data;
  std::uint64_t size;

  __device__ std::uint32_t byte(std::size_t i) const {
    return i < size ? static_cast<std::uint32_t>(data[i]) : 0;
  }

  __device__ std::uint32_t word(std::size_t i) const {
    if (4 * i + 4 <= size) return reinterpret_cast<const std::uint32_t*>(data)[i];
    return byte(4 * i) | byte(4 * i + 1) << 8 | byte(4 * i + 2) << 16;
  }

  /// `width` bits, up to 33, or 40 that begin with a byte.
  __device__ std::uint64_t bits(std::size_t position, unsigned width) const {
    const std::size_t i = position / 32;
    const std::uint64_t both = word(i) | std::uint64_t{word(i + 1)} << 32;
    return both >> position % 32 & ((std::uint64_t{1} << width) - 1);
  }

  /// Whether the bits from `position` on to the end of its byte are 0, as padding has to be.
  __device__ bool zero_to_byte_end(std::size_t position) const {
    return position % 8 == 0 || byte(position / 8) >> position % 8 == 0;
  }
};

}  // namespace pith
