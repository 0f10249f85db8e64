// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace pith {

/// IEEE 754 binary16, as bits.
struct Half {
  std::uint16_t bits = 0;
  bool operator==(const Half&) const = default;
};

/// The upper half of a float: 8 exponent and 7 mantissa bits.
struct BFloat16 {
  std::uint16_t bits = 0;
  bool operator==(const BFloat16&) const = default;
};

/// Rounds to nearest, ties to even. Above 65,504 (65,520 and more) to infinity, below 2^-25 to
/// zero; subnormals are kept; a NaN stays a NaN.
Half to_half(float value);

/// Rounds to nearest, ties to even; a NaN stays a NaN.
inline BFloat16 to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return {static_cast<std::uint16_t>((bits >> 16) | 0x40u)};
  }
  return {static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

/// Exact.
float to_float(Half value);

/// Exact.
inline float to_float(BFloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

}  // namespace pith
