// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <pith/compressors/cast_linear.h>
#include <pith/compressors/rounding.h>
#include <pith/core/error.h>

#include "compressors/linear_ranks.h"

namespace pith::test {
namespace {

template <Element T>
std::vector<T> rounded(ElementType type, std::vector<T> x) {
  round_to<T>(type, x);
  return x;
}

TEST(RoundTo, GivesTheNearestValueTiesToEven) {
  // Next to 1, float16 has steps of 2^-10 and bfloat16 of 2^-7.
  const std::vector<double> x{1,   1 + 0x1p-11, 1 + 0x1.8p-10, -1 - 0x1p-8,
                              0.1, 0,           0x1p-25,       0x1.1p-25};
  EXPECT_EQ(rounded(ElementType::float16, x),
            (std::vector<double>{1, 1, 1 + 0x1p-9, -1 - 0x1p-8, 0x1.998p-4, 0, 0, 0x1p-24}));
  EXPECT_EQ(rounded(ElementType::bfloat16, x),
            (std::vector<double>{1, 1, 1, -1, 0x1.9ap-4, 0, 0x1p-25, 0x1.1p-25}));
}

TEST(RoundTo, KeepsWhatIsFiniteFinite) {
  const double huge = std::numeric_limits<double>::max();
  EXPECT_EQ(rounded<double>(ElementType::float16, {65504, 65519, 65520, 1e6, -1e6, huge}),
            (std::vector<double>{65504, 65504, 65504, 65504, -65504, 65504}));
  const float largest = std::numeric_limits<float>::max();
  EXPECT_EQ(rounded<float>(ElementType::float16, {largest}), std::vector<float>{65504});
  EXPECT_EQ(rounded<float>(ElementType::bfloat16, {largest, -largest}),
            (std::vector<float>{0x1.fep127f, -0x1.fep127f}));
  EXPECT_EQ(rounded<double>(ElementType::bfloat16, {-huge}), std::vector<double>{-0x1.fep127});
}

TEST(RoundTo, KeepsInfinitiesAndNans) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const auto type : {ElementType::float16, ElementType::bfloat16}) {
    const auto y = rounded<float>(type, {infinity, -infinity, std::nanf("")});
    EXPECT_EQ(y[0], infinity);
    EXPECT_EQ(y[1], -infinity);
    EXPECT_TRUE(std::isnan(y[2]));
  }
}

TEST(RoundTo, ErrsByNoMoreThanItSays) {
  const auto x = gaussian<float>(10'000, 1);
  const auto half = rounded(ElementType::float16, x), bfloat = rounded(ElementType::bfloat16, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_LE(std::abs(half[i] - x[i]), std::max(0x1p-11f * std::abs(x[i]), 0x1p-25f));
    EXPECT_LE(std::abs(bfloat[i] - x[i]), 0x1p-8f * std::abs(x[i]));
  }
}

TEST(RoundTo, LeavesTheOwnTypeAlone) {
  const auto x = gaussian<double>(10, 1);
  EXPECT_EQ(rounded(ElementType::float64, x), x);
}

TEST(CastLinear, SendsAndAccountsTheRoundedValues) {
  const Vectors<float> inputs{{1, 0.1f, 1e6f, -3}, {1, 0.1f, 0, 5}};
  LinearRanks<float> ranks(
      [] { return std::make_unique<CastLinear<float>>(4, ElementType::float16); }, 2);
  ranks.step(inputs);
  EXPECT_EQ(ranks.sent()[0], (std::vector<float>{1, 0x1.998p-4f, 65504, -3}));
  EXPECT_EQ(ranks.own(0), ranks.sent()[0]);
  EXPECT_EQ(ranks.reconstruction(1), (std::vector<float>{1, 0x1.998p-4f, 32752, 1}));
}

TEST(CastLinear, U6SendsNElementsOfSixteenBits) {
  const auto cast = make_cast_linear<double>(parse_spec("cast(bf16)"), Shape{33, 20});
  EXPECT_EQ(cast->rounds(), 1);
  EXPECT_EQ(cast->factor_elements(0), 660u);
  EXPECT_EQ(cast->factor_type(), ElementType::bfloat16);
  EXPECT_EQ(cast->guarantee().contraction, 1 - 0x1p-16);
}

TEST(CastLinear, ReadsItsTypeFromTheSpec) {
  const auto make = [](const char* spec) {
    return make_cast_linear<float>(parse_spec(spec), Shape{5});
  };
  EXPECT_EQ(make("cast(fp16)")->factor_type(), ElementType::float16);
  EXPECT_EQ(make("cast(bf16)")->factor_type(), ElementType::bfloat16);
  EXPECT_THROW(make("cast(fp8)"), UsageError);
  EXPECT_THROW(make("cast(fp16,bits=3)"), UsageError);
  EXPECT_FALSE(make("cast(fp16)")->guarantee().contraction) << "0.5 * 2^-25 is lost altogether";
}

}  // namespace
}  // namespace pith::test
