// SPDX-License-Identifier: Apache-2.0
#include <xxhash.h>

#include <pith/core/hash.h>

namespace pith {

std::uint64_t hash(std::span<const std::byte> bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t hash(std::string_view text, std::uint64_t seed) {
  return hash(std::as_bytes(std::span(text)), seed);
}

std::uint64_t hash_parts(std::initializer_list<std::span<const std::byte>> parts) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  for (const auto part : parts) XXH3_64bits_update(&state, part.data(), part.size());
  return XXH3_64bits_digest(&state);
}

}  // namespace pith
