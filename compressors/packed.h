// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <pith/compressors/words.h>

// Arrays of codes of one width from 0 to 32 bits, laid out as bits.h does, a word at a time.
namespace pith {

/// The lowest `width` bits of a word. width < 64.
inline std::uint64_t low_mask(unsigned width) { return (std::uint64_t{1} << width) - 1; }

/// Writes the lowest `width` bits of each code. `bytes` are as many as they fill, the last one
/// perhaps partly.
inline void pack(std::span<const std::uint32_t> codes, unsigned width, std::span<std::byte> bytes) {
  const std::uint64_t mask = low_mask(width);
  std::uint64_t word = 0;
  unsigned filled = 0;
  std::size_t offset = 0;
  for (const std::uint32_t code : codes) {
    const std::uint64_t bits = code & mask;
    word |= bits << filled;
    filled += width;
    if (filled < kWordBits) continue;
    store_word(bytes, offset, word);
    offset += kWordBytes;
    filled -= static_cast<unsigned>(kWordBits);
    word = bits >> (width - filled);
  }
  store_word(bytes, offset, word);
}

/// Reads what pack() wrote.
inline void unpack(std::span<const std::byte> bytes, unsigned width,
                   std::span<std::uint32_t> codes) {
  const std::uint64_t mask = low_mask(width);
  std::size_t bit = 0;
  for (std::uint32_t& code : codes) {
    code = static_cast<std::uint32_t>(load_word(bytes, bit / 8) >> (bit % 8) & mask);
    bit += width;
  }
}

}  // namespace pith
