// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <pith/compressors/index_coder.h>
#include <pith/core/error.h>

namespace pith {

void check_index_bytes(const char* codec, std::size_t bytes, std::size_t expected) {
  if (bytes == expected) return;
  throw WireError(std::string(codec) + ": indices of " + std::to_string(bytes) +
                  " bytes, expected " + std::to_string(expected));
}

void check_index_padding(const char* codec, std::span<const std::byte> bytes, std::size_t bits) {
  if (bits % 8 == 0 || (bytes.back() >> (bits % 8)) == std::byte{0}) return;
  throw WireError(std::string(codec) + ": padding of the indices is not zero");
}

void check_index(const char* codec, std::uint64_t index, std::size_t n) {
  if (index < n) return;
  throw WireError(std::string(codec) + ": index " + std::to_string(index) + ", expected below " +
                  std::to_string(n));
}

}  // namespace pith
