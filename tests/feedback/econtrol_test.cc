// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "feedback/lone_rank.h"

namespace pith::test {
namespace {

using Vector = std::vector<double>;

Guarantee typical(double contraction) {
  return {.contraction = contraction, .variance = {}, .contraction_is_typical = true};
}

TEST(EControl, MatchesTheWorkedSteps) {
  LoneRank<double> rank("econtrol(eta=0.5)", 3);
  EXPECT_EQ(rank.step({3, -1, 2}), (Vector{3, 0, 0}));
  EXPECT_EQ(rank.state("error"), (Vector{0, -1, 2}));
  EXPECT_EQ(rank.state("own"), (Vector{3, 0, 0}));
  EXPECT_EQ(rank.begin({1, 1, 1}), (Vector{-2, 0.5, 2}));  // eta e + g - h
  EXPECT_EQ(rank.step({1, 1, 1}), (Vector{1, 0, 0}));      // -2, the first of two
  EXPECT_EQ(rank.state("error"), (Vector{0, 0, 3}));       // e + g - h - sent, all of e
  EXPECT_EQ(rank.state("own"), (Vector{1, 0, 0}));
}

TEST(EControl, WithoutAShareItIsEf21BitForBit) {
  LoneRank<float> control("econtrol(eta=0)", 3);
  LoneRank<float> plain("ef21", 3);
  for (int t = 0; t < 10; ++t) {
    const auto number = static_cast<float>(t);
    const std::vector<float> gradient{0.1f * number, 1 / (1 + number), -0.3f};
    EXPECT_EQ(control.step(gradient), plain.step(gradient));
  }
}

// The share of the error e = (0, -1, 2) that is composed with a gradient equal to h = (3, 0, 0).
double share(LoneRank<double>& rank, const StepContext& step) {
  return rank.begin({3, 0, 0}, step)[2] / 2;
}

TEST(EControl, FollowsATypicalContraction) {
  LoneRank<double> rank("econtrol", 3);
  rank.step({3, -1, 2}, {.guarantee = typical(0.125)});
  EXPECT_EQ(share(rank, {.guarantee = typical(0.125)}), 0.125);
  EXPECT_EQ(share(rank, {.guarantee = typical(0.25)}), 0.25);  // the ratio changed
  EXPECT_EQ(rank.state("contraction"), Vector{0});             // nothing was measured
}

TEST(EControl, AFixedShareFollowsNothing) {
  LoneRank<double> rank("econtrol(eta=0.5)", 3);
  rank.step({3, -1, 2}, {.guarantee = typical(0.125)});
  EXPECT_EQ(share(rank, {.guarantee = typical(0.125)}), 0.5);
}

// Half of every element: 1 - |u/2|^2 / |u|^2 = 3/4 is kept.
std::vector<double> half(std::span<const double> x) {
  std::vector<double> sent(x.begin(), x.end());
  for (double& value : sent) value /= 2;
  return sent;
}

TEST(EControl, MeasuresWhatIsNotTypical) {
  LoneRank<double> rank("econtrol", 3, Commit::step, half);
  rank.step({4, 4, 4}, {.guarantee = {.contraction = 1.0 / 3}});
  EXPECT_EQ(rank.state("contraction"), Vector{0.75});
  EXPECT_EQ(rank.state("error"), (Vector{2, 2, 2}));
  EXPECT_DOUBLE_EQ(rank.begin({2, 2, 2})[0], 0.8);  // 0.4 of it at most
}

TEST(EControl, AveragesMeasurementsOverAboutTenSteps) {
  bool whole = true;
  LoneRank<double> rank("econtrol", 3, Commit::step,
                        [&](std::span<const double> x) { return whole ? everything(x) : half(x); });
  rank.step({4, 4, 4});
  EXPECT_EQ(rank.state("contraction"), Vector{1});
  whole = false;
  rank.step({1, 2, 3});
  EXPECT_DOUBLE_EQ(rank.state("contraction")[0], 0.9 + 0.1 * 0.75);
}

// (8, 1, 1, 1): the one element that is sent holds 64/67 of the square norm, but is one of four.
TEST(EControl, TakesNoMoreThanTheShareOfTheElementsSent) {
  LoneRank<double> rank("econtrol", 4);
  rank.step({8, 1, 1, 1});
  EXPECT_EQ(rank.state("contraction"), Vector{0.25});
}

TEST(EControl, NeitherDenseStepsNorZerosAreMeasured) {
  LoneRank<double> rank("econtrol", 3, Commit::step, everything<double>);
  rank.step({1, 2, 3}, {.exact = true});
  EXPECT_EQ(rank.state("contraction"), Vector{0});
  rank.step({1, 2, 3});  // equal to h: nothing is composed
  EXPECT_EQ(rank.state("contraction"), Vector{0});
}

// The second message, which h learns by, knows nothing of the error.
TEST(DEc, MatchesTheWorkedSteps) {
  LoneRank<double> rank("d_ec", 3);
  EXPECT_EQ(rank.step({3, -1, 2}), (Vector{3, 0, 0}));
  EXPECT_EQ(rank.state("error"), (Vector{0, -1, 2}));
  EXPECT_EQ(rank.state("own"), (Vector{3, 0, 0}));
  EXPECT_EQ(rank.begin({1, 1, 1}), (Vector{-2, 0, 3}));  // e + g - h
  EXPECT_EQ(rank.all_sent()[1], (Vector{-2, 0, 0}));     // of g - h = (-2, 1, 1)
  EXPECT_EQ(rank.step({1, 1, 1}), (Vector{3, 0, 3}));    // the mean before, and 3
  EXPECT_EQ(rank.state("error"), (Vector{-2, 0, 0}));
  EXPECT_EQ(rank.state("own"), (Vector{1, 0, 0}));
  EXPECT_EQ(rank.state("mean"), (Vector{1, 0, 0}));
}

}  // namespace
}  // namespace pith::test
