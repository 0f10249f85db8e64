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

}  // namespace pith
