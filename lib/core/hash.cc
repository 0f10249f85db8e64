// SPDX-License-Identifier: Apache-2.0
#define XXH_STATIC_LINKING_ONLY  // for the size of the state
#ifdef PITH_XXHASH_DISPATCH
#include <xxh_x86dispatch.h>  // puts the machine's instruction set behind the names of xxhash.h
#else
#include <xxhash.h>
#endif

#include <new>

#include <pith/core/hash.h>

namespace pith {

std::uint64_t hash(std::span<const std::byte> bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t hash(std::string_view text, std::uint64_t seed) {
  return hash(std::as_bytes(std::span(text)), seed);
}

RunningHash::RunningHash() {
  static_assert(sizeof(state_) == sizeof(XXH3_state_t) && alignof(XXH3_state_t) <= 64);
  XXH3_64bits_reset(new (state_) XXH3_state_t);
}

void RunningHash::add(std::span<const std::byte> part) {
  XXH3_64bits_update(reinterpret_cast<XXH3_state_t*>(state_), part.data(), part.size());
}

std::uint64_t RunningHash::value() const {
  return XXH3_64bits_digest(reinterpret_cast<const XXH3_state_t*>(state_));
}

}  // namespace pith
