// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pith {

/// XXH3, 64 bits: the checksum of messages and the digest of registrations and replicas. It finds
/// accidents, not attackers.
std::uint64_t hash(std::span<const std::byte> bytes, std::uint64_t seed = 0);
std::uint64_t hash(std::string_view text, std::uint64_t seed = 0);

/// hash() with seed 0 of parts, one after the other, without joining them.
class RunningHash {
 public:
  RunningHash();
  void add(std::span<const std::byte> part);
  std::uint64_t value() const;

 private:
  alignas(64) std::byte state_[576];
};

}  // namespace pith
