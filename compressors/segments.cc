// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/compressors/bits.h>
#include <pith/compressors/segments.h>
#include <pith/core/error.h>

namespace pith {

std::size_t segmented_bound(std::size_t bytes, std::size_t per_cut, std::size_t segments) {
  const std::size_t most = bytes + (segments - 1) * per_cut + segments * (kWireAlignment - 1);
  return most / kWireAlignment * kWireAlignment;
}

void check_padding(const char* codec, std::span<const std::byte> bytes, std::size_t bits) {
  const std::size_t expected = padded(bytes_of(bits));
  if (bytes.size() != expected) {
    throw WireError(std::string(codec) + ": segment of " + std::to_string(bytes.size()) +
                    " bytes, expected " + std::to_string(expected));
  }
  const bool clean = bits % 8 == 0 || (bytes[bits / 8] >> (bits % 8)) == std::byte{0};
  const auto tail = bytes.subspan(bytes_of(bits));
  if (!clean || std::ranges::any_of(tail, [](std::byte b) { return b != std::byte{0}; })) {
    throw WireError(std::string(codec) + ": padding is not zero");
  }
}

}  // namespace pith
