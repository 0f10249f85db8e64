// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

// Eight bytes at a time from and to arrays of any size.
namespace pith {

inline constexpr std::size_t kWordBytes = 8;
inline constexpr std::size_t kWordBits = 64;

/// The eight bytes from `offset` on; those past the end are 0.
inline std::uint64_t load_word(std::span<const std::byte> bytes, std::size_t offset) {
  std::uint64_t word = 0;
  if (offset + kWordBytes <= bytes.size()) {
    std::memcpy(&word, bytes.data() + offset, kWordBytes);
  } else if (offset < bytes.size()) {
    std::memcpy(&word, bytes.data() + offset, bytes.size() - offset);
  }
  return word;
}

/// Writes eight bytes from `offset` on, but nothing past the end.
inline void store_word(std::span<std::byte> bytes, std::size_t offset, std::uint64_t word) {
  if (offset + kWordBytes <= bytes.size()) {
    std::memcpy(bytes.data() + offset, &word, kWordBytes);
  } else if (offset < bytes.size()) {
    std::memcpy(bytes.data() + offset, &word, bytes.size() - offset);
  }
}

}  // namespace pith
