// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <pith/core/half.h>

namespace pith::test {
namespace {

constexpr std::uint32_t kAll = 0x10000;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The value of a 16-bit number without sign, from its definition.
double value_of(std::uint32_t bits, int mantissa_bits, int bias) {
  const int exponent = static_cast<int>(bits >> mantissa_bits);
  const int mantissa = static_cast<int>(bits & ((1u << mantissa_bits) - 1));
  const int leading = exponent == 0 ? 0 : 1 << mantissa_bits;
  return std::ldexp(leading + mantissa, (exponent == 0 ? 1 : exponent) - bias - mantissa_bits);
}

/// For every pair of neighbours: their middle goes to the even one, and the floats next to it to
/// the nearer one. As rounding is monotonic, this settles all floats.
template <class Round>
void expect_nearest_ties_to_even(Round round, int mantissa_bits, int bias, std::uint32_t infinity) {
  for (std::uint32_t lower = 0; lower < infinity; ++lower) {
    const double middle =
        (value_of(lower, mantissa_bits, bias) + value_of(lower + 1, mantissa_bits, bias)) / 2;
    const auto tie = static_cast<float>(middle);
    ASSERT_EQ(tie, middle);
    const std::uint32_t even = lower + (lower & 1);
    for (const std::uint32_t sign : {0u, 0x8000u}) {
      const float signed_tie = sign == 0 ? tie : -tie;
      ASSERT_EQ(round(signed_tie).bits, sign | even);
      ASSERT_EQ(round(std::nextafter(signed_tie, 0.0f)).bits, sign | lower);
      ASSERT_EQ(round(std::nextafter(signed_tie, 2 * signed_tie)).bits, sign | (lower + 1));
    }
  }
}

Half half(std::uint32_t bits) { return {static_cast<std::uint16_t>(bits)}; }
BFloat16 bfloat16(std::uint32_t bits) { return {static_cast<std::uint16_t>(bits)}; }

TEST(Half, BecomesTheFloatOfItsDefinition) {
  for (std::uint32_t bits = 0; bits < 0x7c00; ++bits) {
    ASSERT_EQ(to_float(half(bits)), value_of(bits, 10, 15));
    ASSERT_EQ(to_float(half(0x8000 | bits)), -value_of(bits, 10, 15));
  }
  EXPECT_EQ(to_float(half(0x7c00)), kInfinity);
  EXPECT_EQ(to_float(half(0xfc00)), -kInfinity);
  EXPECT_TRUE(std::signbit(to_float(half(0x8000))));
}

TEST(Half, SurvivesTheRoundTrip) {
  for (std::uint32_t bits = 0; bits < kAll; ++bits) {
    const float value = to_float(half(bits));
    const Half back = to_half(value);
    const bool is_nan = (bits & 0x7fff) > 0x7c00;
    ASSERT_EQ(std::isnan(value), is_nan);
    ASSERT_EQ(std::isnan(to_float(back)), is_nan);
    ASSERT_EQ(is_nan ? back.bits >> 15 : back.bits, is_nan ? bits >> 15 : bits);
  }
}

TEST(ToHalf, RoundsToNearestTiesToEven) { expect_nearest_ties_to_even(to_half, 10, 15, 0x7c00); }

TEST(ToHalf, HasItsLimitsWhereTheyAreDocumented) {
  EXPECT_EQ(to_half(65504.0f), half(0x7bff));
  EXPECT_EQ(to_half(std::nextafter(65520.0f, 0.0f)), half(0x7bff));
  EXPECT_EQ(to_half(65520.0f), half(0x7c00));
  EXPECT_EQ(to_half(-std::numeric_limits<float>::max()), half(0xfc00));
  EXPECT_EQ(to_half(kInfinity), half(0x7c00));
  EXPECT_EQ(to_half(0x1p-24f), half(1));
  EXPECT_EQ(to_half(std::nextafter(0x1p-25f, 1.0f)), half(1));
  EXPECT_EQ(to_half(0x1p-25f), half(0));
  EXPECT_EQ(to_half(-std::numeric_limits<float>::denorm_min()), half(0x8000));
}

TEST(ToHalf, KeepsEveryNanANan) {
  for (const std::uint32_t bits : {0x7f800001u, 0x7fc00000u, 0x7fffffffu, 0xff800001u}) {
    const float back = to_float(to_half(std::bit_cast<float>(bits)));
    EXPECT_TRUE(std::isnan(back));
    EXPECT_EQ(std::signbit(back), bits >> 31 != 0);
  }
}

#ifdef __FLT16_MAX__
// A prime stride through all floats, NaNs left out: their payload is the compiler's choice.
TEST(ToHalf, AgreesWithTheCompiler) {
  __extension__ using Native = _Float16;
  for (std::uint64_t bits = 0; bits <= 0xffffffffu; bits += 1009) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (std::isnan(value)) continue;
    const auto native = static_cast<Native>(value);
    ASSERT_EQ(to_half(value).bits, std::bit_cast<std::uint16_t>(native)) << value;
    ASSERT_EQ(to_float(to_half(value)), static_cast<float>(native));
  }
}
#endif

TEST(BFloat16, IsTheUpperHalfOfAFloat) {
  for (std::uint32_t bits = 0; bits < kAll; ++bits) {
    const float value = to_float(bfloat16(bits));
    ASSERT_EQ(std::bit_cast<std::uint32_t>(value), bits << 16);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(to_float(to_bfloat16(value))));
    } else {
      ASSERT_EQ(to_bfloat16(value), bfloat16(bits));
    }
  }
}

TEST(ToBFloat16, RoundsToNearestTiesToEven) {
  expect_nearest_ties_to_even(to_bfloat16, 7, 127, 0x7f80);
}

TEST(ToBFloat16, KeepsEveryNanANan) {
  for (const std::uint32_t bits : {0x7f800001u, 0x7fc00000u, 0x7fffffffu, 0xff800001u}) {
    const float back = to_float(to_bfloat16(std::bit_cast<float>(bits)));
    EXPECT_TRUE(std::isnan(back));
    EXPECT_EQ(std::signbit(back), bits >> 31 != 0);
  }
}

TEST(ToNumber, IsTheRoundingOfItsType) {
  for (const float value : {0.1f, -1.0f / 3, 65520.0f, 3e38f}) {
    EXPECT_EQ(to_number<Half>(value), to_half(value));
    EXPECT_EQ(to_number<BFloat16>(value), to_bfloat16(value));
    EXPECT_EQ(to_float(to_number<float>(value)), value);
  }
}

}  // namespace
}  // namespace pith::test
