// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include <pith/core/convert.h>
#include <pith/core/random.h>

#include "support/every_simd_target.h"

namespace pith::test {
namespace {

float one_by_one(float value) { return value; }
float one_by_one(Half value) { return to_float(value); }
float one_by_one(BFloat16 value) { return to_float(value); }
void round_to(float value, float& out) { out = value; }
void round_to(float value, Half& out) { out = to_half(value); }
void round_to(float value, BFloat16& out) { out = to_bfloat16(value); }

// Of all magnitudes, subnormal to infinite, and signs.
template <class T>
std::vector<T> numbers(std::size_t n) {
  const Random random({.seed = 11});
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<T>(random.normal(i) * std::pow(2.0, static_cast<int>(i * 37 % 280) - 150));
  }
  if (n > 20) x[3] = std::numeric_limits<T>::infinity();
  if (n > 20) x[17] = -T{0};
  return x;
}

template <class Number, class T>
void check(float largest) {
  on_every_simd_target([&] {
    for (const std::size_t n : {0u, 1u, 7u, 16u, 33u, 1000u}) {
      const auto x = numbers<T>(n);
      std::vector<std::byte> bytes(n * sizeof(Number) + 1);
      const auto odd = std::span(bytes).subspan(1);  // of any alignment
      narrow<Number>(std::span<const T>(x), odd);
      EXPECT_TRUE(all_finite_numbers<Number>(odd));
      std::vector<T> y(n, T(1));
      widen_axpy<Number>(T(0.5), odd, std::span(y));
      for (std::size_t i = 0; i < n; ++i) {
        const T inside = std::clamp(x[i], -T{largest}, T{largest});
        Number expected, found;
        round_to(static_cast<float>(inside), expected);
        std::memcpy(&found, odd.data() + i * sizeof(Number), sizeof(Number));
        EXPECT_EQ(found, expected) << x[i];
        EXPECT_EQ(y[i], T(1) + T(0.5) * T{one_by_one(expected)}) << x[i];
      }
    }
  });
}

TEST(Convert, NarrowsSaturatesAndWidensAsOneByOneOnEveryInstructionSet) {
  check<Half, float>(65504);
  check<Half, double>(65504);
  check<BFloat16, float>(0x1.fep127f);
  check<BFloat16, double>(0x1.fep127f);
  check<float, float>(std::numeric_limits<float>::max());
  check<float, double>(std::numeric_limits<float>::max());
}

TEST(Convert, KeepsNansOnEveryInstructionSet) {
  on_every_simd_target([] {
    for (const std::uint32_t bits : {0x7fc00000u, 0xffffffffu, 0x7f800001u}) {
      const std::vector<float> x(40, std::bit_cast<float>(bits));
      std::vector<BFloat16> y(40);
      narrow<BFloat16>(std::span<const float>(x), std::as_writable_bytes(std::span(y)));
      for (const BFloat16 value : y) EXPECT_TRUE(std::isnan(to_float(value))) << bits;
    }
  });
}

// A processor's own conversion keeps some of a NaN's bits, plain code does not.
TEST(Convert, NarrowsNansAlikeOnEveryInstructionSet) {
  on_every_simd_target([] {
    for (const std::uint32_t bits : {0x7fc00000u, 0xffffffffu, 0x7f800001u, 0xffabcdefu}) {
      const std::vector<float> x(40, std::bit_cast<float>(bits));
      std::vector<Half> y(40);
      narrow<Half>(std::span<const float>(x), std::as_writable_bytes(std::span(y)));
      for (const Half value : y) EXPECT_EQ(value, to_half(x[0])) << bits;
    }
  });
}

// More than a block of it, and halves of every kind.
TEST(Convert, WidensEveryHalfOnEveryInstructionSet) {
  std::vector<Half> numbers(0x10000);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i].bits = static_cast<std::uint16_t>(i);
    if (!std::isfinite(to_float(numbers[i]))) numbers[i].bits = 0x8001;
  }
  on_every_simd_target([&] {
    std::vector<float> y(numbers.size(), 7);
    widen<Half>(std::as_bytes(std::span(numbers)), std::span(y));
    for (std::size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], to_float(numbers[i])) << i;
  });
}

TEST(Convert, FindsWhatIsNotFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {infinity, -infinity, std::nanf("")}) {
    for (std::size_t at = 0; at < 40; at += 13) {
      std::vector<Half> halves(40);
      std::vector<BFloat16> bfloats(40);
      std::vector<float> floats(40);
      halves[at] = to_half(bad);
      bfloats[at] = to_bfloat16(bad);
      floats[at] = bad;
      EXPECT_FALSE(all_finite_numbers<Half>(std::as_bytes(std::span(halves))));
      EXPECT_FALSE(all_finite_numbers<BFloat16>(std::as_bytes(std::span(bfloats))));
      EXPECT_FALSE(all_finite_numbers<float>(std::as_bytes(std::span(floats))));
    }
  }
}

}  // namespace
}  // namespace pith::test
