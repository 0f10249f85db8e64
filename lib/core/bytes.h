// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

#include <pith/core/error.h>

// Reading and writing of wire bytes. Everything on the wire is little-endian and unaligned accesses
// go through memcpy.
namespace pith {

static_assert(std::endian::native == std::endian::little, "the wire is little-endian");

/// Payloads and segments end on this many bytes, padded with zeros.
inline constexpr std::size_t kWireAlignment = 16;

/// bytes rounded up to kWireAlignment
constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + kWireAlignment - 1) / kWireAlignment * kWireAlignment;
}

/// Writes values one after the other into a buffer that is known to be large enough.
class ByteWriter {
 public:
  explicit ByteWriter(std::span<std::byte> bytes) : bytes_(bytes) {}

  template <class V>
  void put(const V& value) {
    put_all(std::span<const V>(&value, 1));
  }

  template <class V>
  void put_all(std::span<const V> values) {
    static_assert(std::is_trivially_copyable_v<V>);
    if (values.empty()) return;  // memcpy must not see a null pointer
    std::memcpy(bytes_.data() + used_, values.data(), values.size_bytes());
    used_ += values.size_bytes();
  }

  /// The next `count` bytes, for the caller to fill.
  std::span<std::byte> reserve(std::size_t count) {
    used_ += count;
    return bytes_.subspan(used_ - count, count);
  }

  /// Zeros up to the next multiple of kWireAlignment.
  void pad() {
    const std::size_t end = padded(used_);
    if (end > used_) std::memset(bytes_.data() + used_, 0, end - used_);
    used_ = end;
  }

  std::size_t used() const { return used_; }

 private:
  std::span<std::byte> bytes_;
  std::size_t used_ = 0;
};

/// Reads values one after the other; throws WireError instead of reading past the end.
class ByteReader {
 public:
  /// `what` begins the error message, for example "topk".
  ByteReader(std::span<const std::byte> bytes, const char* what) : bytes_(bytes), what_(what) {}

  template <class V>
  V get() {
    static_assert(std::is_trivially_copyable_v<V>);
    V value;
    std::memcpy(&value, take(sizeof(V)).data(), sizeof(V));
    return value;
  }

  std::span<const std::byte> take(std::size_t count) {
    if (count > left()) {
      throw WireError(std::string(what_) + ": message ends after " + std::to_string(bytes_.size()) +
                      " bytes, " + std::to_string(count - left()) + " more were expected");
    }
    used_ += count;
    return bytes_.subspan(used_ - count, count);
  }

  /// Skips the padding up to the next multiple of kWireAlignment.
  void skip_padding() { take(padded(used_) - used_); }

  std::size_t left() const { return bytes_.size() - used_; }

 private:
  std::span<const std::byte> bytes_;
  const char* what_;
  std::size_t used_ = 0;
};

/// The value number i of an unaligned array of V.
template <class V>
V load(std::span<const std::byte> bytes, std::size_t i) {
  V value;
  std::memcpy(&value, bytes.data() + i * sizeof(V), sizeof(V));
  return value;
}

}  // namespace pith
