// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <pith/compressors/words.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>

// The Elias omega code of whole numbers from 1 on, short for small ones, that needs no table.
//
// Wire     groups of bits, each a number from its highest bit, which is 1, and then a 0. A group is
//          one bit longer than the number before it says, 1 to begin with; the last is the number
//          that is coded, and 1 itself has no group. Bit i is bit i % 8 of byte i / 8.
// Source   Elias 1975, "Universal codeword sets and representations of the integers".
namespace pith {

/// Its first bit is the lowest one.
struct EliasCode {
  std::uint32_t bits;
  unsigned length;
};

/// Of a number from 1 to 2^16 - 1: at most 23 bits.
constexpr EliasCode elias_code(std::uint32_t number) {
  EliasCode code{0, 1};
  while (number > 1) {
    const auto width = static_cast<unsigned>(std::bit_width(number));
    code.bits <<= width;
    for (unsigned bit = 0; bit < width; ++bit)
      code.bits |= (number >> bit & 1) << (width - 1 - bit);
    code.length += width;
    number = width - 1;
  }
  return code;
}

/// Appends codes and single bits; finish() writes the last of them, and zeros up to a whole byte.
class EliasWriter {
 public:
  explicit EliasWriter(ByteWriter& bytes) : bytes_(bytes) {}

  void put(const EliasCode& code) {
    pending_ |= std::uint64_t{code.bits} << filled_;
    filled_ += code.length;
    if (filled_ < 32) return;
    bytes_.put(static_cast<std::uint32_t>(pending_));
    pending_ >>= 32;
    filled_ -= 32;
  }

  void put_bit(bool bit) { put({bit ? 1u : 0u, 1}); }

  void finish() {
    for (unsigned done = 0; done < filled_; done += 8) {
      bytes_.put(static_cast<std::uint8_t>(pending_ >> done));
    }
    filled_ = 0;
  }

 private:
  ByteWriter& bytes_;
  std::uint64_t pending_ = 0;
  unsigned filled_ = 0;  // bits of pending_
};

/// Reads codes and single bits; throws WireError, beginning with `codec`, instead of reading past
/// the end or more than `most`, which is below 2^16.
class EliasReader {
 public:
  EliasReader(std::span<const std::byte> bytes, std::uint32_t most, const char* codec)
      : bytes_(bytes), most_(most), codec_(codec) {}

  std::uint32_t get() {
    std::uint64_t word =
        load_word(bytes_, used_ / 8) >> used_ % 8;  // 57 bits, of which 23 are read
    std::uint32_t number = 1;
    while ((word & 1) != 0) {
      const std::uint32_t width = number + 1;
      if (width > 16) too_large();
      number = 0;
      for (std::uint32_t i = 0; i < width; ++i, word >>= 1) {
        number = 2 * number + static_cast<std::uint32_t>(word & 1);
      }
      if (number > most_) too_large();
      used_ += width;
    }
    use_one();
    return number;
  }

  bool get_bit() {
    const auto bit = load_word(bytes_, used_ / 8) >> used_ % 8 & 1;
    use_one();
    return bit != 0;
  }

  /// Bits read.
  std::size_t used() const { return used_; }

 private:
  void use_one() {
    if (++used_ > 8 * bytes_.size()) throw WireError(std::string(codec_) + ": codes end early");
  }

  [[noreturn]] void too_large() const {
    throw WireError(std::string(codec_) + ": a code of more than " + std::to_string(most_));
  }

  std::span<const std::byte> bytes_;
  std::uint32_t most_;
  const char* codec_;
  std::size_t used_ = 0;
};

}  // namespace pith
