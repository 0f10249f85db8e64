// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

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

/// The largest finite values.
inline constexpr float kLargestHalf = 65504.0f;
inline constexpr float kLargestBFloat16 = 0x1.fep127f;

/// chosen ? a : b, without a branch that would keep loops from vectorising.
constexpr std::uint32_t select(bool chosen, std::uint32_t a, std::uint32_t b) {
  return b ^ ((a ^ b) & (0u - static_cast<std::uint32_t>(chosen)));
}

/// Rounds to nearest, ties to even. Above 65,504 (65,520 and more) to infinity, below 2^-25 to
/// zero; subnormals are kept; a NaN stays a NaN.
constexpr Half to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  const std::uint32_t normal = (magnitude + 0xfffu + ((magnitude >> 13) & 1u) - 0x38000000u) >> 13;
  // Adding 0.5 aligns the float's mantissa with the subnormals' unit, and the addition rounds.
  const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
  const std::uint32_t subnormal = std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u;
  std::uint32_t out = select(magnitude < 0x38800000u, subnormal, normal);
  out = select(magnitude >= 0x477ff000u, 0x7c00u, out);
  out = select(magnitude > 0x7f800000u, 0x7e00u, out);
  return {static_cast<std::uint16_t>(sign | out)};
}

/// Rounds to nearest, ties to even; a NaN stays a NaN.
constexpr BFloat16 to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return {static_cast<std::uint16_t>((bits >> 16) | 0x40u)};
  }
  return {static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

/// As a Number, which is Half, BFloat16 or float.
template <class Number>
constexpr Number to_number(float value) {
  if constexpr (std::is_same_v<Number, Half>) {
    return to_half(value);
  } else if constexpr (std::is_same_v<Number, BFloat16>) {
    return to_bfloat16(value);
  } else {
    static_assert(std::is_same_v<Number, float>);
    return value;
  }
}

/// Exact.
constexpr float to_float(Half value) {
  const std::uint32_t sign = (std::uint32_t{value.bits} & 0x8000u) << 16;
  const std::uint32_t magnitude = value.bits & 0x7fffu;
  const float scaled = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f;
  const std::uint32_t subnormal = std::bit_cast<std::uint32_t>(scaled);
  const std::uint32_t normal = (magnitude << 13) + 0x38000000u;
  const std::uint32_t special = 0x7f800000u | ((magnitude & 0x3ffu) << 13);
  std::uint32_t out = select(magnitude < 0x400u, subnormal, normal);
  out = select(magnitude >= 0x7c00u, special, out);
  return std::bit_cast<float>(sign | out);
}

/// Exact.
constexpr float to_float(BFloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

constexpr float to_float(float value) { return value; }

}  // namespace pith
