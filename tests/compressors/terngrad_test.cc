// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gmock/gmock.h>

#include <pith/core/error.h>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"

// TernGrad is quantize with one level, range=max and one bucket for a tensor.
namespace pith::test {
namespace {

using Doubles = std::vector<double>;

constexpr const char* kTernGrad = "quantize(bits=2,range=max,bucket=1000000)";
constexpr const char* kClipped = "quantize(bits=2,range=max,bucket=1000000,clip=2.5)";

/// What x is decoded to, by many keys.
std::vector<Doubles> decoded(const char* spec, const Doubles& x, std::uint64_t trials) {
  MessageCodec<double> codec(spec);
  std::vector<Doubles> all;
  for (std::uint64_t step = 0; step < trials; ++step) {
    all.push_back(codec.code(x, {.seed = 3, .step = step}));
  }
  return all;
}

Doubles mean(const std::vector<Doubles>& all) {
  Doubles sum(all.front().size());
  for (const Doubles& x : all) {
    for (std::size_t j = 0; j < x.size(); ++j) sum[j] += x[j] / double(all.size());
  }
  return sum;
}

TEST(TernGrad, KeepsAnElementWithItsShareOfTheLargest) {
  const auto all = decoded(kTernGrad, {0.5, -1, 0.25}, 20000);
  Doubles nonzero(3);
  for (const Doubles& x : all) {
    EXPECT_THAT(x[0], testing::AnyOf(0, 1));
    EXPECT_EQ(x[1], -1);
    EXPECT_THAT(x[2], testing::AnyOf(0, 1));
    for (std::size_t j = 0; j < 3; ++j) nonzero[j] += (x[j] != 0) / 20000.0;
  }
  EXPECT_NEAR(nonzero[0], 0.5, 0.015);
  EXPECT_NEAR(nonzero[1], 1, 1e-9);
  EXPECT_NEAR(nonzero[2], 0.25, 0.015);
}

TEST(TernGrad, IsUnbiasedUnlessItClips) {
  Doubles x = gaussian<double>(50);
  x[7] = 20;
  const Doubles whole = mean(decoded(kTernGrad, x, 20000));
  for (std::size_t j = 0; j < x.size(); ++j) EXPECT_NEAR(whole[j], x[j], 0.2) << j;
  // The standard deviation is 3, so the spike is cut off at 7.5 and nothing else is.
  const Doubles clipped = mean(decoded(kClipped, x, 20000));
  double sum = 0;
  double squares = 0;
  for (const double v : x) sum += v / 50;
  for (const double v : x) squares += (v - sum) * (v - sum) / 50;
  EXPECT_NEAR(clipped[7], 2.5 * std::sqrt(squares), 1e-9);
  x[7] = clipped[7];
  for (std::size_t j = 0; j < x.size(); ++j) EXPECT_NEAR(clipped[j], x[j], 0.15) << j;
}

// Zeros are not divided by their largest, and equal elements do not deviate.
TEST(TernGrad, ZerosAndEqualElementsAreExact) {
  for (const char* spec : {kTernGrad, kClipped}) {
    EXPECT_EQ(decoded(spec, Doubles(9), 1).front(), Doubles(9));
    EXPECT_EQ(decoded(spec, constant(9, -0.3), 1).front(), constant(9, -0.3));
  }
}

TEST(TernGrad, TakesTwoBitsAndAScale) {
  for (const char* spec : {kTernGrad, kClipped}) {
    EXPECT_EQ(MessageCodec<float>(spec).bytes(gaussian<float>(1000)), padded(4 + 250)) << spec;
  }
}

// One of 1 and b others of t, where b t^2 + 2 s t = 1.
TEST(TernGrad, VarianceIsReachedAndNotExceeded) {
  const auto worst = [](const char* spec, std::size_t n, double s) {
    const double b = double(n - 1);
    Doubles x = constant(n, (std::sqrt(s * s + b) - s) / b);
    x[0] = 1;
    double error = 0;
    for (const Doubles& y : decoded(spec, x, 3000)) error += squared_distance(x, y) / 3000;
    return error / squared_distance(x, Doubles(n));
  };
  EXPECT_EQ(MessageCodec<double>(kTernGrad)->guarantee(100).variance, 4.5);
  EXPECT_NEAR(worst(kTernGrad, 100, 1), 4.5, 0.1);
  const char* three = "quantize(bits=3,range=max,bucket=100)";
  EXPECT_EQ(MessageCodec<double>(three)->guarantee(73).variance, 1.0);  // s = 3: (sqrt(9) - 1) / 2
  EXPECT_NEAR(worst(three, 73, 3), 1.0, 0.03);
  EXPECT_FALSE(MessageCodec<double>(kClipped)->guarantee(100).variance);
  EXPECT_FALSE(MessageCodec<double>(kClipped)->guarantee(100).contraction);
}

TEST(TernGrad, ClipBelongsToTheLargest) {
  EXPECT_THROW(MessageCodec<float>("quantize(range=qsgd,clip=2.5)"), UsageError);
  EXPECT_THROW(MessageCodec<float>("quantize(range=max,clip=-1)"), UsageError);
}

}  // namespace
}  // namespace pith::test
