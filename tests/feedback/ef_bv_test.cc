// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include "feedback/lone_rank.h"

namespace pith::test {
namespace {

using Vector = std::vector<double>;

TEST(EfBv, MatchesTheWorkedSteps) {
  LoneRank<double> rank("ef_bv(lambda=0.5,nu=0.75)", 2, Commit::step, everything<double>);
  EXPECT_EQ(rank.step({8, -4}), (Vector{6, -3}));
  EXPECT_EQ(rank.state("own"), (Vector{4, -2}));
  EXPECT_EQ(rank.begin({8, -4}), (Vector{4, -2}));
  EXPECT_EQ(rank.step({8, -4}), (Vector{7, -3.5}));
  EXPECT_EQ(rank.state("own"), (Vector{6, -3}));
  EXPECT_EQ(rank.state("mean"), (Vector{6, -3}));
}

std::vector<float> gradient(int t) {
  const auto number = static_cast<float>(t);
  return {0.1f * number, 1 / (1 + number), -0.3f};
}

TEST(EfBv, WithBothStepsOneItIsEf21ToTheBit) {
  LoneRank<float> both("ef_bv(lambda=1,nu=1)", 3);
  LoneRank<float> contractive("ef_bv", 3);  // nobody promises a variance
  LoneRank<float> plain("ef21", 3);
  for (int t = 0; t < 10; ++t) {
    const auto estimate = plain.step(gradient(t));
    EXPECT_EQ(both.step(gradient(t)), estimate);
    EXPECT_EQ(contractive.step(gradient(t)), estimate);
    EXPECT_EQ(both.states(), plain.states());
  }
}

// DIANA: 1 / (1 + 3) of what is sent stays, all of it counts.
TEST(EfBv, FollowsTheVarianceOfItsCompressor) {
  LoneRank<double> rank("ef_bv", 2, Commit::step, everything<double>);
  rank.carried_by({.variance = 3.0});
  EXPECT_EQ(rank.step({8, -4}), (Vector{8, -4}));
  EXPECT_EQ(rank.state("own"), (Vector{2, -1}));
  rank.carried_by({.variance = 1.0});
  EXPECT_EQ(rank.step({8, -4}), (Vector{8, -4}));
  EXPECT_EQ(rank.state("own"), (Vector{5, -2.5}));
}

// 1/2 of what is composed arrives on average, so that (1 - lambda / 2)^2 + 3/4 lambda^2 is least.
TEST(EfBv, FollowsTheBiasOfItsCompressorToo) {
  LoneRank<double> rank("ef_bv", 2, Commit::step, everything<double>);
  rank.carried_by({.variance = 0.75, .bias = 0.5});
  rank.step({8, -4});
  EXPECT_EQ(rank.state("own"), (Vector{4, -2}));
  rank.carried_by({.variance = 0.01, .bias = 0.5});
  rank.step({6, -3});
  EXPECT_EQ(rank.state("own"), (Vector{6, -3}));  // never by more than all
}

TEST(EfBv, KnowsTheGradientWhereNothingIsLost) {
  LoneRank<double> rank("ef_bv(lambda=0.5,nu=0.5)", 2, Commit::step, everything<double>);
  rank.carried_by(kNothingLost);
  EXPECT_EQ(rank.step({8, -4}), (Vector{8, -4}));
  EXPECT_EQ(rank.state("own"), (Vector{8, -4}));
}

TEST(EfBv, AnAbsentRankFollowsBySameSteps) {
  LoneRank<double> rank("ef_bv", 2);
  rank.carried_by({.variance = 3.0});
  EXPECT_EQ(rank.absorb(Vector{8, -4}), (Vector{8, -4}));
  EXPECT_EQ(rank.state("mean"), (Vector{2, -1}));
  EXPECT_EQ(rank.state("own"), (Vector{0, 0}));
}

}  // namespace
}  // namespace pith::test
