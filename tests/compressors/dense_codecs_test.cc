// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include <pith/core/error.h>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"

// What is special about each compressor that codes every element.
namespace pith::test {
namespace {

using Floats = std::vector<float>;
using Limits = std::numeric_limits<float>;

Floats code(const char* spec, const Floats& x, const RandomKey& key = {}) {
  return MessageCodec<float>(spec).code(x, key);
}

TEST(Cast, KeepsWhatTheFormatHolds) {
  const Floats x{1, -0.5, 2048, 0x1p-24f, -0.0f, 65504};
  EXPECT_EQ(code("cast(fp16)", x), x);
  EXPECT_EQ(code("cast(bf16)", {1, -0.5, 256, 0x1p-126f}), (Floats{1, -0.5, 256, 0x1p-126f}));
  EXPECT_EQ(code("cast(fp32)", {0.1f, Limits::max()}), (Floats{0.1f, Limits::max()}));
}

TEST(Cast, SaturatesInsteadOfOverflowing) {
  EXPECT_EQ(code("cast(fp16)", {65519, 65520, 1e30f, -1e30f}),
            (Floats{65504, 65504, 65504, -65504}));
  EXPECT_EQ(code("cast(bf16)", {Limits::max(), -Limits::max()}),
            (Floats{0x1.fep127f, -0x1.fep127f}));
  EXPECT_EQ(MessageCodec<double>("cast(fp32)").code({1e300, -1e300}),
            (std::vector<double>{Limits::max(), -Limits::max()}));
}

TEST(Cast, ErrorIsRelativeInTheNormalRangeAndAbsoluteBelow) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    const auto gauss = gaussian<T>(20000);
    for (const int exponent : {-13, -5, 0, 5, 13}) {
      auto x = gauss;
      for (T& value : x)
        value = std::copysign(std::ldexp(1 + std::abs(value) / 8, exponent), value);
      const auto half = MessageCodec<T>("cast(fp16)").code(x);
      const auto brain = MessageCodec<T>("cast(bf16)").code(x);
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_LE(std::abs(half[i] - x[i]), T{0x1p-11f} * std::abs(x[i]));
        ASSERT_LE(std::abs(brain[i] - x[i]), T{0x1p-8f} * std::abs(x[i]));
      }
    }
    auto tiny = gauss;
    for (T& value : tiny) value *= T{0x1p-18f};
    const auto half = MessageCodec<T>("cast(fp16)").code(tiny);
    for (std::size_t i = 0; i < tiny.size(); ++i) {
      ASSERT_LE(std::abs(half[i] - tiny[i]), T{0x1p-25f});
    }
  });
}

TEST(OneBit, PacksThePredicateThatItDecodes) {
  MessageCodec<float> codec("onebit");
  const auto message = codec.encode({1, -1, 0.0f, -0.0f, -2, 2, -3, 3, -1});
  EXPECT_EQ(message.segments[0][4], std::byte{0b10101101});
  EXPECT_EQ(message.segments[0][5], std::byte{0});
}

TEST(OneBit, CountsBlocksFromTheTensorsStart) {
  EXPECT_EQ(code("onebit(block=2)", {1, 3, -5, 5, 7}), (Floats{2, 2, -5, 5, 7}));
}

TEST(OneBit, RefusesAScaleThatIsNegativeOrNotFinite) {
  MessageCodec<float> codec("onebit");
  for (const float scale : {-1.0f, Limits::infinity(), Limits::quiet_NaN()}) {
    auto message = codec.encode({1, 2, 3});
    std::memcpy(message.segments[0].data(), &scale, sizeof scale);
    EXPECT_THROW(codec.decode(message), WireError) << scale;
  }
}

class MinMaxBits : public testing::TestWithParam<int> {
 protected:
  std::string spec(const char* more) const {
    return "quantize(bits=" + std::to_string(GetParam()) + more + ")";
  }
  // unit of a bucket with these extremes
  float unit(float min, float max) const {
    return (max - min) / static_cast<float>((1 << GetParam()) - 1);
  }
};

TEST_P(MinMaxBits, NearestErrorIsAtMostHalfAUnit) {
  const auto x = gaussian<float>(1001);
  const auto decoded = code(spec(",bucket=1001").c_str(), x);
  const auto [min, max] = std::ranges::minmax(x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_LE(std::abs(x[i] - decoded[i]), unit(min, max) / 2 * (1 + 1e-4f));
  }
}

TEST_P(MinMaxBits, StochasticErrorIsBelowAUnit) {
  const auto x = gaussian<float>(1001);
  const auto decoded = code(spec(",bucket=1001,rounding=stochastic").c_str(), x);
  const auto [min, max] = std::ranges::minmax(x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_LE(std::abs(x[i] - decoded[i]), unit(min, max) * (1 + 1e-4f));
  }
}

TEST_P(MinMaxBits, ConstantBucketsAreExact) {
  for (const float value : {0.1f, -3e-20f, Limits::max(), Limits::denorm_min()}) {
    EXPECT_EQ(code(spec("").c_str(), constant(700, value)), constant(700, value));
  }
}

// A range of less than 1e-10, too, is resolved.
TEST_P(MinMaxBits, TinyBucketsDoNotCollapse) {
  const Floats x{0, 1e-30f, 2e-30f, 3.5e-30f};
  EXPECT_EQ(code(spec("").c_str(), x).back(), 3.5e-30f);
  const Floats subnormal{0, Limits::denorm_min()};
  EXPECT_EQ(code(spec("").c_str(), subnormal), subnormal);
}

INSTANTIATE_TEST_SUITE_P(All, MinMaxBits, testing::Range(1, 9));

TEST(MinMax, OneStochasticBitIsOneOfTheExtremes) {
  const auto x = gaussian<float>(100);
  const auto [min, max] = std::ranges::minmax(x);
  EXPECT_THAT(code("quantize(bits=1,rounding=stochastic)", x),
              testing::Each(testing::AnyOf(min, testing::FloatNear(max, 1e-6f))));
}

TEST(MinMax, RoundsHalvesUp) {
  EXPECT_EQ(code("quantize(bits=1)", {0, 0.5f, 0.49f, 1}), (Floats{0, 1, 0, 1}));
}

TEST(Qsgd, NearestErrorIsAtMostHalfALevel) {
  const auto x = gaussian<float>(200);
  const auto decoded = code("quantize(bits=6,range=qsgd,rounding=nearest)", x);
  const double norm = std::sqrt(squared_distance(x, Floats(200)));
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_LE(std::abs(x[i] - decoded[i]), norm / 31 / 2 * (1 + 1e-5));
  }
}

TEST(Qsgd, SendsNoSignWithLevelZero) {
  MessageCodec<float> codec("quantize(bits=4,range=qsgd,rounding=nearest)");
  const auto message = codec.encode({-1e-3f, -1, 1, 1e-3f});
  EXPECT_EQ(message.segments[0][4], std::byte{0xd0});  // levels 0 and -5
  EXPECT_EQ(message.segments[0][5], std::byte{0x05});  // 5 and 0
}

TEST(Natural, PowersOfTwoAndZerosAreExact) {
  const Floats x{1, -2, 0.5f, 0, 0x1p-126f, 0x1p127f, -0x1p-100f};
  for (std::uint64_t step = 0; step < 100; ++step) EXPECT_EQ(code("natural", x, {.step = step}), x);
}

TEST(Natural, TheTopExponentIsRoundedDown) {
  EXPECT_EQ(code("natural", constant(100, Limits::max())), constant(100, 0x1p127f));
  EXPECT_EQ(code("natural", constant(100, -Limits::max())), constant(100, -0x1p127f));
}

TEST(Natural, BelowTheSmallestNormalNumberTheMeanIsKept) {
  const auto decoded = code("natural", constant(20000, 0x1p-128f));
  const auto up = std::ranges::count(decoded, 0x1p-126f);
  EXPECT_EQ(up + std::ranges::count(decoded, 0.0f), 20000);
  EXPECT_NEAR(static_cast<double>(up), 5000, 5 * std::sqrt(20000 * 0.25 * 0.75));
}

}  // namespace
}  // namespace pith::test
