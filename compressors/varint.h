// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// LEB128 numbers below 2^32 in up to five bytes: 7 bits in each, the lowest first, and the highest
// bit of a byte set if another follows. Here the bytes are those of a word, from the lowest on.
namespace pith {

inline constexpr std::uint64_t kMoreBits = 0x8080808080808080;  ///< say that another byte follows
inline constexpr unsigned kMostVarintBytes = 5;

constexpr unsigned varint_bytes(std::uint32_t value) {
  return 1u + (value >> 7 != 0) + (value >> 14 != 0) + (value >> 21 != 0) + (value >> 28 != 0);
}

/// The bytes of a value that takes `size` of them.
constexpr std::uint64_t varint_of(std::uint64_t value, unsigned size) {
  const std::uint64_t more = kMoreBits & ((std::uint64_t{1} << (8 * size - 8)) - 1);
  return more | (value & 0x7f) | (value & 0x3f80) << 1 | (value & 0x1fc000) << 2 |
         (value & 0xfe00000) << 3 | (value & 0x7f0000000) << 4;
}

/// The 35 bits of five bytes; those of a number are the last ones.
constexpr std::uint64_t varint_value(std::uint64_t bytes) {
  return (bytes & 0x7f) | (bytes >> 1 & 0x3f80) | (bytes >> 2 & 0x1fc000) |
         (bytes >> 3 & 0xfe00000) | (bytes >> 4 & 0x7f0000000);
}

/// Whether `size` bytes are a number, and as short as can be.
constexpr bool is_varint(std::uint64_t bytes, unsigned size) {
  // No short cut: how long numbers are is what a branch predictor cannot know.
  const bool longer = (size > 1) & (bytes >> (8 * size - 8) == 0);
  return !((size > kMostVarintBytes) | longer);
}

}  // namespace pith
