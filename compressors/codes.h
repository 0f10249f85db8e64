// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

// Codes of `width` bits (1 to 8), eight of which are `width` bytes: bit b of code i is bit
// i * width + b of the bytes, least significant bit first. Every instruction set gives the same.
namespace pith {

/// codes.size() is a multiple of 8; each code is less than 2^width.
void pack_codes(std::span<const std::uint8_t> codes, unsigned width, std::span<std::byte> bytes);

/// codes.size() is a multiple of 8.
void unpack_codes(std::span<const std::byte> bytes, unsigned width, std::span<std::uint8_t> codes);

}  // namespace pith
