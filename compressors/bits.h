// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <pith/compressors/codes.h>
#include <pith/compressors/signs.h>
#include <pith/core/element.h>

// Arrays of codes of 1 to 32 bits, least significant bit first: bit b of code i is bit
// i * width + b of the array, and bit j of the array is bit j % 8 of byte j / 8.
namespace pith {

/// bits rounded up to whole bytes
constexpr std::size_t bytes_of(std::size_t bits) { return (bits + 7) / 8; }

/// An unsigned integer of the size of T.
template <Element T>
using BitsOf = std::conditional_t<std::same_as<T, float>, std::uint32_t, std::uint64_t>;

/// Appends codes of `width` bits; finish() writes the last, partly filled byte.
class BitWriter {
 public:
  BitWriter(std::span<std::byte> bytes, unsigned width) : bytes_(bytes), width_(width) {}

  void put(std::uint32_t code) {
    pending_ |= std::uint64_t{code} << filled_;
    filled_ += width_;
    for (; filled_ >= 8; filled_ -= 8) flush();
  }

  /// put() for every one of the codes; the width is at most 8.
  void put_all(std::span<const std::uint8_t> codes) {
    std::size_t i = 0;
    for (; i < codes.size() && filled_ > 0; ++i) put(codes[i]);
    const auto whole = codes.subspan(i, (codes.size() - i) / 8 * 8);
    pack_codes(whole, width_, bytes_.subspan(used_));
    used_ += whole.size() / 8 * width_;
    for (i += whole.size(); i < codes.size(); ++i) put(codes[i]);
  }

  /// Where the next codes belong, if they begin with a byte, and null if not; then it goes on
  /// behind so many of them, which fill whole bytes.
  std::byte* take(std::size_t count) {
    if (filled_ != 0 || count * width_ % 8 != 0) return nullptr;
    used_ += count * width_ / 8;
    return bytes_.data() + used_ - count * width_ / 8;
  }

  /// put(!(v < 0)) for every v of x; the width is 1.
  template <Element T>
  void put_signs(std::span<const T> x) {
    std::size_t i = 0;
    for (; i < x.size() && filled_ > 0; ++i) put(!(x[i] < 0));
    const auto whole = x.subspan(i, (x.size() - i) / 8 * 8);
    pack_signs(whole, bytes_.subspan(used_));
    used_ += whole.size() / 8;
    for (i += whole.size(); i < x.size(); ++i) put(!(x[i] < 0));
  }

  void finish() {
    if (filled_ > 0) flush();
    filled_ = 0;
  }

  /// Everything written so far can be read; what fills the last byte comes later.
  void sync() {
    if (filled_ > 0) bytes_[used_] = static_cast<std::byte>(pending_);
  }

 private:
  void flush() {
    bytes_[used_++] = static_cast<std::byte>(pending_);
    pending_ >>= 8;
  }

  std::span<std::byte> bytes_;
  unsigned width_;
  std::size_t used_ = 0;
  std::uint64_t pending_ = 0;
  unsigned filled_ = 0;  // bits of pending_
};

/// Reads codes of `width` bits from bytes that are known to be enough.
class BitReader {
 public:
  BitReader(std::span<const std::byte> bytes, unsigned width) : bytes_(bytes), width_(width) {}

  /// The same, but beginning with code number `first`.
  BitReader(std::span<const std::byte> bytes, unsigned width, std::size_t first)
      : bytes_(bytes), width_(width), used_(first * width / 8) {
    const auto skipped = static_cast<unsigned>(first * width % 8);
    if (skipped == 0) return;
    pending_ = std::to_integer<std::uint64_t>(bytes_[used_++]) >> skipped;
    filled_ = 8 - skipped;
  }

  std::uint32_t get() {
    for (; filled_ < width_; filled_ += 8) {
      pending_ |= std::to_integer<std::uint64_t>(bytes_[used_++]) << filled_;
    }
    const std::uint64_t mask = (std::uint64_t{1} << width_) - 1;
    const auto code = static_cast<std::uint32_t>(pending_ & mask);
    pending_ >>= width_;
    filled_ -= width_;
    return code;
  }

  /// get() for every one of the codes; the width is at most 8.
  void get_all(std::span<std::uint8_t> codes) {
    std::size_t i = 0;
    for (; i < codes.size() && filled_ > 0; ++i) codes[i] = static_cast<std::uint8_t>(get());
    const auto whole = codes.subspan(i, (codes.size() - i) / 8 * 8);
    unpack_codes(bytes_.subspan(used_), width_, whole);
    used_ += whole.size() / 8 * width_;
    for (i += whole.size(); i < codes.size(); ++i) codes[i] = static_cast<std::uint8_t>(get());
  }

  /// The bytes of the next codes, if these begin with a byte, and null if not; then it goes on
  /// behind them, though they end within a byte.
  const std::byte* take(std::size_t count) {
    if (filled_ != 0) return nullptr;
    const std::byte* const codes = bytes_.data() + used_;
    *this = BitReader(bytes_.subspan(used_), width_, count);
    return codes;
  }

  /// v += get() ? value : -value for every v of y; the width is 1.
  template <Element T>
  void add_signs(T value, std::span<T> y) {
    const auto add_one = [&](T& v) { v += get() == 1 ? value : -value; };
    std::size_t i = 0;
    for (; i < y.size() && filled_ > 0; ++i) add_one(y[i]);
    const auto whole = y.subspan(i, (y.size() - i) / 8 * 8);
    add_signed(SignedBits<T>{bytes_.data() + used_, value}, whole);
    used_ += whole.size() / 8;
    for (i += whole.size(); i < y.size(); ++i) add_one(y[i]);
  }

 private:
  std::span<const std::byte> bytes_;
  unsigned width_;
  std::size_t used_ = 0;
  std::uint64_t pending_ = 0;
  unsigned filled_ = 0;
};

}  // namespace pith
