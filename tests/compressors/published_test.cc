// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include <pith/core/error.h>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"

// Numbers that were published or worked out by hand. T11: the constants of the compressors.
namespace pith::test {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using Doubles = std::vector<double>;

Doubles code(const char* spec, const Doubles& x, const RandomKey& key = {}) {
  return MessageCodec<double>(spec).code(x, key);
}

/// Over many steps, the mean of `f` of what x is decoded to.
template <class F>
double average(const char* spec, const Doubles& x, F f) {
  constexpr int kSteps = 20000;
  MessageCodec<double> codec(spec);
  double sum = 0;
  for (std::uint64_t step = 0; step < kSteps; ++step) sum += f(codec.code(x, {.step = step}));
  return sum / kSteps;
}

double average_error(const char* spec, const Doubles& x) {
  return average(spec, x, [&](const Doubles& y) { return squared_distance(x, y); });
}

TEST(T11, IdentityIsExact) {
  const auto x = gaussian<double>(100);
  EXPECT_EQ(code("identity", x), x);
}

TEST(T11, TopKLosesExactlyTheSquaresItDrops) {
  const Doubles x{1, -5, 2, 4, -3};
  EXPECT_EQ(code("topk(k=2)", x), (Doubles{0, -5, 0, 4, 0}));
  EXPECT_EQ(squared_distance(x, code("topk(k=2)", x)), 55 - 41);
}

TEST(T11, TopKReachesItsContractionWhereAllMagnitudesAreEqual) {
  const Doubles x{2, -2, 2, 2, -2, -2, 2, 2};
  EXPECT_EQ(squared_distance(x, code("topk(k=2)", x)), (1 - 2.0 / 8) * 32);
}

TEST(T11, TopKOfAllElementsIsExactAndOfOneIsTheLargest) {
  const auto x = gaussian<double>(50);
  EXPECT_EQ(code("topk(k=50)", x), x);
  EXPECT_EQ(code("topk(k=1000)", x), x);
  EXPECT_EQ(code("topk(k=1)", {1, -7, 7, 2}), (Doubles{0, -7, 0, 0}));
}

TEST(T11, TopKOfNoElementIsAUsageError) { EXPECT_THROW(code("topk(k=0)", {1}), UsageError); }

TEST(T11, ScaledSignOf3400HasAnErrorOf12Point75) {
  const Doubles x{3, 4, 0, 0};
  EXPECT_EQ(code("onebit", x), (Doubles{1.75, 1.75, 1.75, 1.75}));
  EXPECT_EQ(squared_distance(x, code("onebit", x)), 12.75);  // 25 (1 - 49/100)
}

TEST(T11, ScaledSignLosesOneMinusAlphaOfEachBlock) {
  const auto x = gaussian<double>(40);
  double expected = 0;
  for (std::size_t begin = 0; begin < 40; begin += 10) {
    double l1 = 0;
    double squares = 0;
    for (std::size_t i = begin; i < begin + 10; ++i) {
      l1 += std::abs(x[i]);
      squares += x[i] * x[i];
    }
    expected += squares - l1 * l1 / 10;
  }
  EXPECT_NEAR(squared_distance(x, code("onebit(block=10)", x)), expected, 1e-12);
}

TEST(T11, NaturalCompressionHasAVarianceOfOneEighth) {
  EXPECT_NEAR(average_error("natural", {4.0 / 3}), 16.0 / 9 / 8, 0.004);
}

TEST(T11, QsgdStaysBelowItsVariance) {
  const auto x = gaussian<double>(16);
  const double norm = squared_distance(x, Doubles(16));
  EXPECT_LT(average_error("quantize(bits=2,range=qsgd)", x), 4 * norm);          // sqrt(16) / 1
  EXPECT_LT(average_error("quantize(bits=4,range=qsgd)", x), 16.0 / 49 * norm);  // 16 / 7^2
}

TEST(T11, ZerosAreDecodedToZeros) {
  for (const std::string& spec : message_specs()) {
    EXPECT_EQ(code(spec.c_str(), Doubles(9)), Doubles(9)) << spec;
  }
}

// Wherever it lies, in its block as in the tensor.
TEST(T11, NonFiniteInputIsRefused) {
  using Limits = std::numeric_limits<double>;
  for (const std::string& spec : message_specs()) {
    for (const double bad : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
      for (const std::size_t at : {0u, 40u, 4999u}) {
        auto x = gaussian<double>(5000);
        x[at] = bad;
        EXPECT_THROW(MessageCodec<double>(spec).encode(x), NonFiniteError) << spec << " " << at;
      }
    }
  }
}

TEST(OneBitAdam, E2TheTwoScalesMatchTheWorkedExample) {
  const Doubles x{3, -1, 0, 2};
  EXPECT_EQ(code("onebit", x), (Doubles{1.5, -1.5, 1.5, 1.5}));
  EXPECT_EQ(squared_distance(x, code("onebit", x)), 5.0);  // of the residual 1.5, 0.5, -1.5, 0.5
  EXPECT_NEAR(code("onebit(scale=l2)", x)[0], 1.870829, 1e-6);
  EXPECT_NEAR(squared_distance(x, code("onebit(scale=l2)", x)), 5.550056, 1e-6);
}

// A column of a matrix is a block here. The sum is kept by the first way alone.
TEST(OneBitSgd, E1AMeanForEachSideOfZeroMatchesTheWorkedExample) {
  EXPECT_EQ(code("onebit(scale=sides)", {1, 2, 3, -2}), (Doubles{2, 2, 2, -2}));
  const Doubles columns{1, 2, 3, -2, 1, 3, 1, 3, 0, 0, 0, 0, -4, -2, -3, -3};
  EXPECT_EQ(code("onebit(block=4,scale=sides)", columns),
            (Doubles{2, 2, 2, -2, 2, 2, 2, 2, 0, 0, 0, 0, -3, -3, -3, -3}));
}

TEST(OneBitSgd, ZerosCountOnThePositiveSide) {
  EXPECT_EQ(code("onebit(scale=sides)", {0, 0, 6, -2}), (Doubles{2, 2, 2, -2}));
}

TEST(OneBitSgd, E2TheDeviationFromTheMeanMatchesTheWorkedExample) {
  EXPECT_EQ(code("onebit(scale=deviation)", {1, 2, 3, -2}), (Doubles{2.5, 2.5, 2.5, -0.5}));
  EXPECT_EQ(code("onebit(scale=deviation)", {0, 0, 0}), (Doubles{0, 0, 0}));
}

// Not around zero.
TEST(OneBitSgd, TheSidesOfTheDeviationMeetAtTheMean) {
  EXPECT_EQ(code("onebit(scale=deviation)", {5, 6, 7, 10}), (Doubles{5.5, 5.5, 8.5, 8.5}));
}

TEST(OneBitSgd, E3AColumnOf1100TakesTwoNumbersAndABitPerRow) {
  const auto column = gaussian<float>(1100);
  EXPECT_EQ(MessageCodec<float>("onebit(scale=sides)").bytes(column), padded(8 + 138));
  EXPECT_EQ(MessageCodec<float>("onebit(scale=deviation)").bytes(column), padded(8 + 138));
}

// Of 16 elements with one that is not 0, so that four deviations are just it: 15 steps of 1 from
// -7.5 to 7.5. What lies there or beyond is half a step off, upwards at both ends.
TEST(OneBitSgd, E5TheHighestOfSeveralBitsIsDecodedHalfAStepBeyondTheRange) {
  Doubles x(16);
  const auto coded = [&](double value) {
    x[3] = value;
    const auto y = code("quantize(bits=4,range=deviation,bucket=16)", x);
    EXPECT_EQ(std::ranges::count(y, 0.0), 15);
    return y[3];
  };
  EXPECT_EQ(coded(7.5), 8);
  EXPECT_EQ(coded(-7.5), -7);
}

// Beyond four deviations, which takes more than 16 elements. The rest is left to error feedback.
TEST(OneBitSgd, E5WhatIsBeyondTheRangeCountsAsItsEnd) {
  Doubles x(64);
  x[3] = 30;  // the deviation is 30 / 8
  EXPECT_NEAR(code("quantize(bits=8,range=deviation,bucket=64)", x)[3], 15 + 15.0 / 255, 1e-12);
  x[3] = -30;
  EXPECT_NEAR(code("quantize(bits=8,range=deviation,bucket=64)", x)[3], -15 + 15.0 / 255, 1e-12);
}

TEST(OneBitSgd, E5OtherElementsAreOffByHalfAStepAndZerosExact) {
  for (const int bits : {2, 3, 4, 8}) {
    auto x = gaussian<double>(512);
    x[100] = 0;
    const std::string spec = "quantize(range=deviation,bits=" + std::to_string(bits) + ")";
    const auto y = code(spec.c_str(), x);
    const double deviation = std::sqrt(squared_distance(x, Doubles(512)) / 512);
    const double half = 4 * deviation / ((1 << bits) - 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_LT(std::abs(x[i]), 4 * deviation);
      EXPECT_LE(std::abs(x[i] - y[i]), half * (1 + 1e-12)) << i;
    }
    EXPECT_EQ(y[100], 0);
  }
}

TEST(MinMax, MatchesTheWorkedExample) {
  MessageCodec<double> codec("quantize(bits=2)");
  const auto message = codec.encode({0, 1, 2, 3.5});
  EXPECT_EQ(message.segments[0][2 * sizeof(double)], std::byte{0xe4});
  EXPECT_THAT(codec.decode(message),
              ElementsAre(0, DoubleNear(1.1666667, 1e-7), DoubleNear(2.3333333, 1e-7), 3.5));
}

TEST(MinMax, TakesTheBytesOfThePublishedTable) {
  const auto x = constant(1000000, 1.0f);
  EXPECT_EQ(MessageCodec<float>("quantize(bits=4,bucket=512)").bytes(x), 515632u);
  EXPECT_EQ(MessageCodec<float>("quantize(bits=4,bucket=1024)").bytes(x), padded(507816));
  EXPECT_EQ(MessageCodec<float>("quantize(bits=4,bucket=128)").bytes(x), padded(562504));
}

/// How often element i of x is decoded to `value`.
double share(const char* spec, const Doubles& x, std::size_t i, double value) {
  return average(spec, x, [=](const Doubles& y) { return std::abs(y[i] - value) < 1e-9 ? 1 : 0; });
}

// s = 4: levels 2.4 and 3.2, each decoded to fourths of 5.
TEST(Qsgd, E1FourLevelsOf34AreDrawnWithTheirProbabilities) {
  const char* spec = "quantize(bits=4,range=qsgd,levels=4)";
  EXPECT_NEAR(share(spec, {3, 4}, 0, 5 * 2 / 4.0), 0.6, 0.015);
  EXPECT_NEAR(share(spec, {3, 4}, 0, 5 * 3 / 4.0), 0.4, 0.015);
  EXPECT_NEAR(share(spec, {3, 4}, 1, 5 * 3 / 4.0), 0.8, 0.015);
  EXPECT_NEAR(share(spec, {3, 4}, 1, 5 * 4 / 4.0), 0.2, 0.015);
}

// s = 1: levels 3/5 and 4/5 of the norm 5, so the squared error is 3 (5 - 3) + 4 (5 - 4).
TEST(Qsgd, E2OneLevelOf34HasAVarianceOf10) {
  EXPECT_NEAR(average_error("quantize(bits=2,range=qsgd)", {3, 4}), 10, 0.2);
}

// s = 3: levels 1.8 and 2.4, each decoded to thirds of 5.
TEST(Qsgd, ThreeLevelsOf34AreDrawnWithTheirProbabilities) {
  EXPECT_NEAR(share("quantize(bits=3,range=qsgd)", {3, -4}, 0, 5.0 / 3), 0.2, 0.015);
  EXPECT_NEAR(share("quantize(bits=3,range=qsgd)", {3, -4}, 0, 10.0 / 3), 0.8, 0.015);
  EXPECT_NEAR(share("quantize(bits=3,range=qsgd)", {3, -4}, 1, -10.0 / 3), 0.6, 0.015);
  EXPECT_NEAR(share("quantize(bits=3,range=qsgd)", {3, -4}, 1, -5), 0.4, 0.015);
}

TEST(Qsgd, E3ANormOfZeroDecodesToZeros) {
  EXPECT_EQ(code("quantize(bits=4,range=qsgd,levels=4)", {0, 0}), (Doubles{0, 0}));
}

TEST(Qsgd, ACodeAboveTheLevelsIsTheHighest) {
  MessageCodec<double> codec("quantize(bits=6,range=qsgd,levels=22)");
  auto message = codec.encode({5});
  message.segments[0][sizeof(double)] = std::byte{31};
  EXPECT_EQ(codec.decode(message), Doubles{5});
}

TEST(Natural, E1MatchesTheWorkedExample) {
  const auto is_four = [](const Doubles& y) {
    EXPECT_TRUE(y[0] == 2 || y[0] == 4);
    return y[0] == 4 ? 1.0 : 0.0;
  };
  EXPECT_NEAR(average("natural", {2.5}, is_four), 0.25, 0.015);
  EXPECT_NEAR(average_error("natural", {2.5}) / 6.25, 0.12, 0.005);
}

}  // namespace
}  // namespace pith::test
