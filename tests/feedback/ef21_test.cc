// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "feedback/lone_rank.h"

namespace pith::test {
namespace {

using Vector = std::vector<double>;

TEST(Ef21, MatchesTheWorkedSteps) {
  LoneRank<double> rank("ef21", 3);
  EXPECT_EQ(rank.step({3, -1, 2}), (Vector{3, 0, 0}));
  EXPECT_EQ(rank.begin({1, 1, 1}), (Vector{-2, 1, 1}));
  EXPECT_EQ(rank.sent(), (Vector{-2, 0, 0}));
  EXPECT_EQ(rank.step({3, 1, 4}), (Vector{3, 0, 4}));  // dense, although one element was sent
  EXPECT_EQ(rank.state("own"), (Vector{3, 0, 4}));
  EXPECT_EQ(rank.state("mean"), (Vector{3, 0, 4}));
}

// While the gradient stays, |g - own|^2 falls by the contraction 1/3 at least in every step.
TEST(Ef21, ContractsTowardsAGradientThatStays) {
  const Vector gradient{3, -1, 2};
  LoneRank<double> rank("ef21", 3);
  double before = 14;
  for (int t = 0; t < 3; ++t) {
    const Vector estimate = rank.step(gradient);
    double now = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      now += (gradient[j] - estimate[j]) * (gradient[j] - estimate[j]);
    }
    EXPECT_LE(now, before * 2 / 3);
    before = now;
  }
  EXPECT_EQ(before, 0);
}

// The ranks' mean is not this rank's own message.
TEST(Ef21, EstimatesTheMeanOfAllRanks) {
  LoneRank<double> rank("ef21", 3);
  rank.step({3, -1, 2});
  EXPECT_EQ(rank.absorb({1, 1, 1}), (Vector{4, 1, 1}));
  EXPECT_EQ(rank.state("own"), (Vector{3, 0, 0}));
}

TEST(Ef21Sgdm, MatchesTheWorkedSteps) {
  LoneRank<double> rank("ef21_sgdm(eta=0.5)", 3);
  EXPECT_EQ(rank.begin({4, -2, 2}), (Vector{2, -1, 1}));  // momentum from zero
  rank.step({4, -2, 2});
  EXPECT_EQ(rank.state("momentum"), (Vector{2, -1, 1}));
  EXPECT_EQ(rank.state("own"), (Vector{2, 0, 0}));
  EXPECT_EQ(rank.begin({0, -2, 4}), (Vector{-1, -1.5, 2.5}));  // momentum 1, -1.5, 2.5
  EXPECT_EQ(rank.step({0, -2, 4}), (Vector{2, 0, 2.5}));
  EXPECT_EQ(rank.state("momentum"), (Vector{1, -1.5, 2.5}));
}

TEST(Ef21Sgdm, BeginsAtTheGradientIfTheFirstStepIsDense) {
  LoneRank<double> rank("ef21_sgdm(eta=0.5)", 3, Commit::step, everything<double>);
  EXPECT_EQ(rank.step({4, -2, 2}, {.step = 0, .exact = true}), (Vector{4, -2, 2}));
  EXPECT_EQ(rank.step({0, 0, 0}, {.step = 1, .exact = true}), (Vector{2, -1, 1}));
}

TEST(Ef21Sgdm, WithoutMomentumItIsEf21) {
  LoneRank<float> momentum("ef21_sgdm(eta=1)", 3);
  LoneRank<float> plain("ef21", 3);
  for (int t = 0; t < 10; ++t) {
    const auto number = static_cast<float>(t);
    const std::vector<float> gradient{0.1f * number, 1 / (1 + number), -0.3f};
    EXPECT_EQ(momentum.step(gradient), plain.step(gradient));
  }
}

TEST(Ef21Sgd2m, MatchesTheWorkedSteps) {
  LoneRank<double> rank("ef21_sgd2m(eta=0.5)", 3);
  EXPECT_EQ(rank.begin({4, -2, 2}), (Vector{1, -0.5, 0.5}));  // half of the momentum 2, -1, 1
  rank.step({4, -2, 2});
  EXPECT_EQ(rank.state("momentum"), (Vector{2, -1, 1}));
  EXPECT_EQ(rank.state("second_momentum"), (Vector{1, -0.5, 0.5}));
  EXPECT_EQ(rank.state("own"), (Vector{1, 0, 0}));
  EXPECT_EQ(rank.begin({0, -2, 4}), (Vector{0, -1, 1.5}));  // momenta 1, -1.5, 2.5; 1, -1, 1.5
  EXPECT_EQ(rank.step({0, -2, 4}), (Vector{1, 0, 1.5}));
}

TEST(Ef21Sgd2m, WithoutMomentumItIsEf21) {
  LoneRank<float> momentum("ef21_sgd2m(eta=1)", 3);
  LoneRank<float> plain("ef21", 3);
  for (int t = 0; t < 10; ++t) {
    const auto number = static_cast<float>(t);
    const std::vector<float> gradient{0.1f * number, 1 / (1 + number), -0.3f};
    EXPECT_EQ(momentum.step(gradient), plain.step(gradient));
  }
}

TEST(Ef21Sgd2m, BeginsAtTheGradientIfTheFirstStepIsDense) {
  LoneRank<double> rank("ef21_sgd2m(eta=0.5)", 3, Commit::step, everything<double>);
  EXPECT_EQ(rank.step({4, -2, 2}, {.step = 0, .exact = true}), (Vector{4, -2, 2}));
  EXPECT_EQ(rank.step({0, 0, 0}, {.step = 1, .exact = true}), (Vector{3, -1.5, 1.5}));
}

TEST(Ef21Hb, IsEf21BeforeAHeavyBall) {
  LoneRank<float> ball("ef21_hb(momentum=0.7)", 3);
  LoneRank<float> plain("ef21", 3);
  std::vector<float> velocity(3);
  for (int t = 0; t < 10; ++t) {
    const auto number = static_cast<float>(t);
    const std::vector<float> gradient{0.1f * number, 1 / (1 + number), -0.3f};
    const auto estimate = plain.step(gradient);
    for (std::size_t j = 0; j < 3; ++j) velocity[j] = 0.7f * velocity[j] + estimate[j];
    EXPECT_EQ(ball.step(gradient), velocity);
    EXPECT_EQ(ball.state("velocity"), velocity);
  }
}

TEST(Ef21Hb, WithoutMomentumItIsEf21) {
  LoneRank<double> ball("ef21_hb(momentum=0)", 3);
  LoneRank<double> plain("ef21", 3);
  for (const Vector& gradient : {Vector{3, -1, 2}, Vector{1, 1, 1}, Vector{3, 1, 4}}) {
    EXPECT_EQ(ball.step(gradient), plain.step(gradient));
  }
}

// (6, -8, 0) has norm 10: a half of it is sent, and the rest follows.
TEST(Clip21, MatchesTheWorkedSteps) {
  LoneRank<double> rank("clip21(norm=5)", 3, Commit::step, everything<double>);
  EXPECT_EQ(rank.step({6, -8, 0}), (Vector{3, -4, 0}));
  EXPECT_EQ(rank.step({6, -8, 0}), (Vector{6, -8, 0}));
  EXPECT_EQ(rank.begin({6, -8, 3}), (Vector{0, 0, 3}));  // short enough as it is
  EXPECT_EQ(rank.state("own"), (Vector{6, -8, 0}));
}

TEST(Clip21, ClipsWithoutTheLossScaleAndAfterTheReducersClip) {
  LoneRank<double> rank("clip21(norm=5)", 2, Commit::step, everything<double>);
  EXPECT_EQ(rank.begin({48, 64}, {.loss_scale = 8}), (Vector{24, 32}));
  EXPECT_EQ(rank.begin({6, 8}, {.gradient_scale = 0.5}), (Vector{3, 4}));
}

TEST(Clip21, OfALongNormIsEf21) {
  LoneRank<float> clipped("clip21(norm=1000)", 3);
  LoneRank<float> plain("ef21", 3);
  for (int t = 0; t < 10; ++t) {
    const auto number = static_cast<float>(t);
    const std::vector<float> gradient{0.1f * number, 1 / (1 + number), -0.3f};
    EXPECT_EQ(clipped.step(gradient), plain.step(gradient));
  }
}

TEST(Ef21Sgdm, HasATenthByDefault) {
  LoneRank<double> rank("ef21_sgdm", 1);
  EXPECT_EQ(rank.step({1}), (Vector{0.1}));
}

}  // namespace
}  // namespace pith::test
