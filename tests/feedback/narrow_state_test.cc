// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <pith/core/random.h>
#include <pith/feedback/narrow_state.h>

#include "feedback/lone_rank.h"

namespace pith::test {
namespace {

constexpr Narrow kKinds[] = {Narrow::bf16, Narrow::eight_bits};

template <Element T>
std::vector<T> numbers(std::size_t n, double size) {
  const Random random({.seed = 21});
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<T>(size * random.normal(i));
  return x;
}

template <Element T>
std::vector<T> kept(const std::vector<T>& x, Narrow kind) {
  NarrowState<T> state(x.size(), Commit::step, kind);
  state.write(x);
  state.accept();
  std::vector<T> out(x.size());
  state.read({0, x.size()}, out);
  return out;
}

// The unit of numbers below 128 is 1, then 2; the largest code is 127. Half goes to the even one.
TEST(NarrowState, OfEightBitsMatchesTheWorkedExample) {
  EXPECT_EQ(kept<float>({127, -1, 0.25f, 2.5f}, Narrow::eight_bits),
            (std::vector<float>{127, -1, 0, 2}));
  EXPECT_EQ(kept<float>({127.75f, 65}, Narrow::eight_bits), (std::vector<float>{127, 65}));
  EXPECT_EQ(kept<float>({-128, 3, 0, 5}, Narrow::eight_bits), (std::vector<float>{-128, 4, 0, 4}));
}

TEST(NarrowState, OfSixteenBitsMatchesTheWorkedExample) {
  EXPECT_EQ(kept<double>({1 + 1.0 / 256, 1 + 3.0 / 256, -3}, Narrow::bf16),
            (std::vector<double>{1, 1 + 4.0 / 256, -3}));
}

// Blocks of 128 have units of their own.
template <Element T>
void expect_small_errors(double size) {
  const auto x = numbers<T>(1000, size);
  const auto rounded = kept(x, Narrow::bf16);
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_LE(std::abs(rounded[i] - x[i]), std::abs(x[i]) / 256);
  }
  const auto coded = kept(x, Narrow::eight_bits);
  for (std::size_t i = 0; i < x.size(); ++i) {
    T largest = 0;
    for (std::size_t j = i / 128 * 128; j < std::min<std::size_t>(1000, i / 128 * 128 + 128); ++j) {
      largest = std::max(largest, std::abs(x[j]));
    }
    EXPECT_LE(std::abs(coded[i] - x[i]), largest / 127);
  }
}

TEST(NarrowState, RoundsByNoMoreThanItPromises) {
  for (const double size : {1e-30, 1e-3, 1.0, 1e30}) {
    expect_small_errors<float>(size);
    expect_small_errors<double>(size);
  }
}

TEST(NarrowState, KeepsWhatItHasKept) {
  for (const Narrow kind : kKinds) {
    const auto once = kept(numbers<float>(1000, 0.01), kind);
    EXPECT_EQ(kept(once, kind), once);
  }
}

TEST(NarrowState, HoldsTheLargestAndTheSmallest) {
  for (const Narrow kind : kKinds) {
    for (const double x : kept<double>({1e308, -1e308, 1e-308}, kind))
      EXPECT_TRUE(std::isfinite(x));
    const float most = std::numeric_limits<float>::max();
    for (const float x : kept<float>({most, -most, 1e-45f}, kind)) EXPECT_TRUE(std::isfinite(x));
    EXPECT_EQ(kept<float>({0, 0}, kind), (std::vector<float>{0, 0}));
    EXPECT_TRUE(kept<float>({}, kind).empty());
  }
}

TEST(NarrowState, KeepsNothingThatIsNotFinite) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> x(200, 2);
  x[3] = kNan;
  auto expected = x;
  expected[3] = 0;
  EXPECT_EQ(kept(x, Narrow::bf16), expected);
  for (const float bad : {kNan, -kNan, kInfinity, -kInfinity}) {
    x[3] = bad;
    std::fill_n(expected.begin(), 128, 0.0f);  // its block
    EXPECT_EQ(kept(x, Narrow::eight_bits), expected) << bad;
    for (const float value : kept(x, Narrow::bf16)) EXPECT_TRUE(std::isfinite(value)) << bad;
  }
}

TEST(NarrowState, ReadsRangesThatBeginAnywhere) {
  const auto x = numbers<float>(1000, 1);
  for (const Narrow kind : kKinds) {
    NarrowState<float> state(x.size(), Commit::inplace, kind);
    state.write(x);
    std::vector<float> whole(x.size());
    state.read({0, x.size()}, whole);
    std::vector<float> part(300);
    state.read({77, 377}, part);
    EXPECT_EQ(part, std::vector<float>(whole.begin() + 77, whole.begin() + 377));
  }
}

TEST(NarrowState, TakesWhatIsWrittenToItsView) {
  for (const Narrow kind : kKinds) {
    NarrowState<float> state(3, Commit::step, kind);
    const auto view = state.view("x");
    std::ranges::copy(std::vector<float>{1, -2, 3}, view.values.begin());
    const auto again = state.view("x").values;
    EXPECT_EQ(std::vector<float>(again.begin(), again.end()), (std::vector<float>{1, -2, 3}));
    state.begin();
    std::vector<float> out(3);
    state.read({0, 3}, out);
    EXPECT_EQ(out, (std::vector<float>{1, -2, 3}));
  }
}

// Small whole numbers are not rounded.
TEST(NarrowEf14, IsEf14WhereNothingIsRounded) {
  for (const char* spec : {"ef14(state=bf16)", "ef14(state=8bit)"}) {
    LoneRank<float> narrow(spec, 3);
    LoneRank<float> full("ef14", 3);
    for (int t = 0; t < 20; ++t) {
      const std::vector<float> gradient{static_cast<float>(t % 5) - 2,
                                        3.0f - static_cast<float>(t % 4), 1};
      const double rate = 1.0 / (1 << t / 10);
      EXPECT_EQ(narrow.step(gradient, {.learning_rate = rate}),
                full.step(gradient, {.learning_rate = rate}));
      EXPECT_EQ(narrow.states(), full.states());
    }
  }
}

// One element of three is sent. Half of what the message left out, half of what there was.
TEST(NarrowEf14, AveragesWhatMessagesLeaveOut) {
  for (const char* spec : {"ef14(state=8bit,average=0.5)", "ef14(state=bf16,average=0.5)"}) {
    LoneRank<double> rank(spec, 3);
    EXPECT_EQ(rank.step({8, -4, 2}), (std::vector<double>{8, 0, 0})) << spec;
    EXPECT_EQ(rank.state("residual"), (std::vector<double>{0, -2, 1}));
    EXPECT_EQ(rank.step({0, -6, 3}), (std::vector<double>{0, -8, 0}));
    EXPECT_EQ(rank.state("residual"), (std::vector<double>{0, -1, 2.5}));
    EXPECT_EQ(rank.step({1, 0, 0}), (std::vector<double>{0, 0, 2.5}));
    EXPECT_EQ(rank.state("residual"), (std::vector<double>{0.5, -1, 1.25}));
  }
}

// What there was counts as it did in the message: twice, once the rate is half of what it was.
TEST(NarrowEf14, AveragesAtTheRateOfTheStep) {
  LoneRank<double> rank("ef14(state=8bit,average=0.5)", 3);
  rank.step({8, -4, 2}, {.learning_rate = 0.2});
  EXPECT_EQ(rank.step({0, 0, 0}, {.learning_rate = 0.1}), (std::vector<double>{0, -4, 0}));
  EXPECT_EQ(rank.state("residual"), (std::vector<double>{0, -2, 2}));
}

TEST(NarrowEf14, ForgetsTheResidualEverySoManySteps) {
  LoneRank<double> rank("ef14(state=8bit,reset=3)", 3);
  LoneRank<double> kept("ef14(state=8bit)", 3);
  for (int t = 1; t <= 7; ++t) {
    const std::vector<double> gradient{8, 4, 2};
    rank.step(gradient);
    if (t <= 2) {
      kept.step(gradient);
      EXPECT_EQ(rank.state("residual"), kept.state("residual")) << t;
    }
    EXPECT_EQ(rank.state("residual") == std::vector<double>(3), t % 3 == 0) << t;
    EXPECT_EQ(rank.state("steps_since_reset"), std::vector<double>{double(t % 3)}) << t;
  }
}

TEST(NarrowEf14, AnUncompressedStepEmptiesTheResidualAndSendsAll) {
  bool dense = false;
  LoneRank<double> rank("ef14(state=8bit)", 3, Commit::step, [&](std::span<const double> x) {
    return dense ? everything(x) : largest(x);
  });
  rank.step({3, -1, 2});
  dense = true;
  EXPECT_EQ(rank.step({1, 1, 1}, {.exact = true}), (std::vector<double>{1, 0, 3}));
  EXPECT_EQ(rank.state("residual"), (std::vector<double>{0, 0, 0}));
}

}  // namespace
}  // namespace pith::test
