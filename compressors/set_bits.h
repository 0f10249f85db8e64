// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <pith/compressors/words.h>
#include <pith/core/error.h>

// Arrays of bits of which some are set: bit i is bit i % 8 of byte i / 8. Unary numbers are such
// arrays too: a number q is q zeros and a one.
namespace pith {

/// Clears `bytes` and sets single bits, in ascending order; finish() writes the last of them.
class SetBitWriter {
 public:
  explicit SetBitWriter(std::span<std::byte> bytes) : bytes_(bytes) {
    std::ranges::fill(bytes, std::byte{0});
  }

  void put(std::size_t position) {
    if (position / kWordBits != at_) flush(position / kWordBits);
    word_ |= std::uint64_t{1} << position % kWordBits;
  }

  void finish() { flush(at_); }

 private:
  void flush(std::size_t next) {
    store_word(bytes_, at_ * kWordBytes, word_);
    at_ = next;
    word_ = 0;
  }

  std::span<std::byte> bytes_;
  std::size_t at_ = 0;  // number of the word
  std::uint64_t word_ = 0;
};

/// Finds the set bits in ascending order; throws WireError instead of searching past the end.
class SetBitReader {
 public:
  /// `codec` begins the error message.
  SetBitReader(std::span<const std::byte> bytes, const char* codec)
      : bytes_(bytes), codec_(codec) {}

  /// Position of the next one.
  std::size_t next() {
    while (word_ == 0) refill();
    const auto bit = static_cast<std::size_t>(std::countr_zero(word_));
    word_ &= word_ - 1;
    return 8 * offset_ - kWordBits + bit;
  }

  /// Throws WireError if there are more.
  void finish() {
    while (word_ == 0 && offset_ < bytes_.size()) refill();
    if (word_ != 0) throw WireError(std::string(codec_) + ": more set bits than indices");
  }

 private:
  void refill() {
    if (offset_ >= bytes_.size()) {
      throw WireError(std::string(codec_) + ": fewer set bits than indices");
    }
    word_ = load_word(bytes_, offset_);
    offset_ += kWordBytes;
  }

  std::span<const std::byte> bytes_;
  const char* codec_;
  std::size_t offset_ = 0;  // of what follows the word
  std::uint64_t word_ = 0;
};

}  // namespace pith
