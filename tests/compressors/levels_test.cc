// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <limits>

#include <gmock/gmock.h>

#include <pith/core/error.h>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"

// What is special about levels, alone and behind a top-k.
namespace pith::test {
namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;
using Limits = std::numeric_limits<float>;

template <Element T>
std::vector<T> code(const char* spec, const std::vector<T>& x) {
  return MessageCodec<T>(spec).code(x);
}

// lo = 1, hi = 4, L = 3: levels at 1, 2, 3 and 4.
TEST(Levels, MatchesTheWorkedExample) {
  MessageCodec<double> codec("levels(bits=3)");
  const auto message = codec.encode({1, -2.25, 3.5, -4, 1.49});
  const std::vector<unsigned> bytes{0x80, 0x3f, 0x80, 0x40,  // bf16 1 and 4
                                    0xe8, 0x0e};             // 0, 4 + 1, 3, 4 + 3, 0
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(std::to_integer<unsigned>(message.segments[0][i]), bytes[i]) << i;
  }
  EXPECT_EQ(codec.decode(message), (Doubles{1, -2, 4, -4, 1}));
}

// The means of 1, 2, 3 and of 10, 14: 2 and 12.
TEST(Levels, OfTwoBitsAreTheTwoMeans) {
  EXPECT_EQ(code<double>("levels(bits=2)", {1, -10, 3, 14, -2}), (Doubles{2, -12, 2, 12, -2}));
  EXPECT_EQ(code<double>("levels(bits=2)", {0, 0, -7, 0}), (Doubles{0, 0, -7, 0}));
}

/// The least squared error of all ways to divide the magnitudes in two.
double best_error(const Doubles& x) {
  Doubles sorted(x.size());
  std::ranges::transform(x, sorted.begin(), [](double v) { return std::abs(v); });
  std::ranges::sort(sorted);
  const auto error = [&](std::size_t begin, std::size_t end) {
    double mean = 0;
    for (std::size_t i = begin; i < end; ++i) mean += sorted[i] / double(end - begin);
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += (sorted[i] - mean) * (sorted[i] - mean);
    return sum;
  };
  double best = error(0, x.size());
  for (std::size_t i = 1; i < x.size(); ++i) {
    best = std::min(best, error(0, i) + error(i, x.size()));
  }
  return best;
}

TEST(Levels, OfTwoBitsHaveTheLeastErrorButForTheRoundingOfTheScales) {
  for (const auto& x : {gaussian<double>(256), geometric<double>(100), eighths<double>(77)}) {
    const double rounding = 0x1p-16 * squared_distance(x, Doubles(x.size()));
    EXPECT_LE(squared_distance(x, code("levels(bits=2)", x)), best_error(x) + rounding);
    EXPECT_GE(squared_distance(x, code("levels(bits=2)", x)), best_error(x) * (1 - 1e-12));
  }
}

class LevelBits : public testing::TestWithParam<int> {};

TEST_P(LevelBits, ErrorIsAtMostHalfAStepAndTheRoundingOfTheScales) {
  const std::string spec = "levels(block=500,bits=" + std::to_string(GetParam()) + ")";
  auto x = gaussian<float>(500);
  for (float& value : x) value += std::copysign(1.5f, value);  // as of a top-k
  const auto decoded = code(spec.c_str(), x);
  float low = 100;
  float high = 0;
  for (const float value : x) {
    low = std::min(low, std::abs(value));
    high = std::max(high, std::abs(value));
  }
  const float step = (high - low) / static_cast<float>((1 << (GetParam() - 1)) - 1);
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_LE(std::abs(x[i] - decoded[i]), step / 2 + 0x1p-8f * high);
    ASSERT_EQ(std::signbit(x[i]), std::signbit(decoded[i]));
  }
}

INSTANTIATE_TEST_SUITE_P(All, LevelBits, testing::Range(3, 9));

TEST(Levels, ReachBothEndsWhateverTheyAre) {
  for (const int bits : {2, 3, 8}) {
    const std::string spec = "levels(bits=" + std::to_string(bits) + ")";
    for (const float large : {1.0f, 0x1p-126f, 0x1p-133f, 0x1.fep127f}) {
      EXPECT_EQ(code<float>(spec.c_str(), {0, large, -large, 0}), (Floats{0, large, -large, 0}));
    }
    EXPECT_EQ(code<float>(spec.c_str(), {Limits::max(), -Limits::max()}),
              (Floats{0x1.fep127f, -0x1.fep127f}));
    EXPECT_EQ(code<double>(spec.c_str(), {1e300, -1e-300}), (Doubles{0x1.fep127, 0}));
  }
}

// 1 + 2^-8 lies in the middle between two numbers of bf16.
TEST(Levels, OfEqualMagnitudesAreThatMagnitudeRounded) {
  for (const char* spec : {"levels(bits=2)", "levels(bits=5)"}) {
    EXPECT_EQ(code(spec, constant(300, -2.5f)), constant(300, -2.5f)) << spec;
    for (const double value : code(spec, constant(255, 1 + 0x1p-8))) {
      EXPECT_TRUE(value == 1 || value == 1 + 0x1p-7) << spec << ' ' << value;
    }
  }
}

// Whose means, as computed, are in the wrong order and lie on either side of a middle.
TEST(Levels, OfTwoBitsAreInOrderHoweverTheMeansAreRounded) {
  const auto x = constant(15, 1 + 0x1p-8 + 0x1p-24 + 0x1p-52);
  EXPECT_EQ(code("levels(bits=2)", x), constant(15, 1 + 0x1p-7));
}

TEST(Levels, RefusesScalesThatAreNegativeNotFiniteOrNotInOrder) {
  MessageCodec<float> codec("levels(bits=4)");
  const auto refuses = [&](std::uint16_t low, std::uint16_t high) {
    auto message = codec.encode({1, 2, 3});
    std::memcpy(message.segments[0].data(), &low, sizeof low);
    std::memcpy(message.segments[0].data() + sizeof low, &high, sizeof high);
    try {
      codec.decode(message);
    } catch (const WireError&) {
      return true;
    }
    return false;
  };
  EXPECT_FALSE(refuses(0x3f80, 0x4000));  // 1, 2
  EXPECT_TRUE(refuses(0x4000, 0x3f80));
  EXPECT_TRUE(refuses(0xbf80, 0x3f80));
  EXPECT_TRUE(refuses(0x3f80, 0x7f80));
  EXPECT_TRUE(refuses(0x7fc0, 0x3f80));
  EXPECT_TRUE(refuses(0x3f80, 0x7fc0));
}

TEST(Levels, AreWhatValuesInBitsStandFor) {
  const auto x = gaussian<float>(1000);
  for (const int bits : {2, 4, 8}) {
    const std::string number = std::to_string(bits);
    const auto one = MessageCodec<float>("topk(k=90,values=" + number + "bit)").encode(x);
    EXPECT_EQ(one, MessageCodec<float>("topk(k=90)|levels(bits=" + number + ")").encode(x));
  }
}

// What is left after 8, 4 and 2 bits of values that a top-k kept: far below what it dropped.
TEST(Levels, LoseLittleOfWhatATopKKeeps) {
  const auto x = gaussian<double>(100000);
  const auto kept = code("topk(density=0.01)", x);
  const double norm = squared_distance(kept, Doubles(x.size()));
  EXPECT_LT(squared_distance(kept, code("topk(density=0.01,values=8bit)", x)), 2e-5 * norm);
  EXPECT_LT(squared_distance(kept, code("topk(density=0.01,values=4bit)", x)), 1.5e-3 * norm);
  EXPECT_LT(squared_distance(kept, code("topk(density=0.01,values=2bit)", x)), 5e-3 * norm);
}

}  // namespace
}  // namespace pith::test
