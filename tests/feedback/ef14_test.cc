// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "feedback/lone_rank.h"

namespace pith::test {
namespace {

using Vector = std::vector<double>;

TEST(Ef14, MatchesTheWorkedSteps) {
  LoneRank<double> rank("ef14", 3);
  EXPECT_EQ(rank.step({3, -1, 2}), (Vector{3, 0, 0}));
  EXPECT_EQ(rank.state("residual"), (Vector{0, -1, 2}));
  EXPECT_EQ(rank.step({1, 1, 1}), (Vector{0, 0, 3}));  // composed: 1, 0, 3
  EXPECT_EQ(rank.state("residual"), (Vector{1, 0, 0}));
}

TEST(Ef14, RescalesTheResidualWhenTheLearningRateChanges) {
  LoneRank<double> rank("ef14", 3);
  rank.step({3, -1, 2}, {.learning_rate = 0.5});
  EXPECT_EQ(rank.begin({1, 1, 1}, {.learning_rate = 0.25}), (Vector{1, -1, 5}));
}

// The rate of a step that did not count is not the one before the next.
TEST(Ef14, RemembersTheRateOfTheLastAcceptedStep) {
  LoneRank<double> rank("ef14", 3);
  rank.step({3, -1, 2}, {.learning_rate = 0.5});
  rank.begin({1, 1, 1}, {.learning_rate = 8});
  EXPECT_EQ(rank.begin({1, 1, 1}, {.learning_rate = 0.25}), (Vector{1, -1, 5}));
}

TEST(Ef14, AnUnknownRateLeavesTheRatioAtOne) {
  LoneRank<double> rank("ef14", 3);
  rank.step({3, -1, 2});  // no rate
  EXPECT_EQ(rank.begin({0, 0, 0}, {.learning_rate = 0.25}), (Vector{0, -1, 2}));
  rank.step({0, 0, 0}, {.learning_rate = 0.25});
  EXPECT_EQ(rank.state("residual"), (Vector{0, -1, 0}));
  EXPECT_EQ(rank.begin({0, 0, 0}), (Vector{0, -1, 0}));
  EXPECT_EQ(rank.begin({0, 0, 0}, {.learning_rate = 0}), (Vector{0, -1, 0}));
}

TEST(Ef14, CanLeaveTheResidualAsItIs) {
  LoneRank<double> rank("ef14(rescale=false)", 3);
  rank.step({3, -1, 2}, {.learning_rate = 0.5});
  EXPECT_EQ(rank.begin({1, 1, 1}, {.learning_rate = 0.25}), (Vector{1, 0, 3}));
}

TEST(Ef14, ForgetsAShareOfTheResidual) {
  for (const char* spec : {"ef14(decay=0.5)", "ef14(decay=0.5,state=bf16)"}) {
    LoneRank<double> rank(spec, 3);
    rank.step({3, -1, 2}, {.learning_rate = 0.5});
    EXPECT_EQ(rank.begin({1, 1, 1}, {.learning_rate = 0.25}), (Vector{1, 0, 3})) << spec;
  }
}

// |sum of rate * estimate + rate * residual - sum of rate * gradient|, largest element. Powers of
// two as rates make every number exact.
double defect_under_a_schedule(std::string_view spec) {
  LoneRank<double> rank(spec, 3);
  Vector defect(3);
  double rate = 0;
  for (int t = 0; t < 20; ++t) {
    rate = 1.0 / (1 << (t / 3));
    const Vector gradient{t % 5 - 2.0, 3.0 - t % 4, t % 3 + 0.0};
    const Vector estimate = rank.step(gradient, {.learning_rate = rate});
    for (std::size_t j = 0; j < 3; ++j) defect[j] += rate * (estimate[j] - gradient[j]);
  }
  const Vector residual = rank.state("residual");
  double worst = 0;
  for (std::size_t j = 0; j < 3; ++j) {
    worst = std::max(worst, std::abs(defect[j] + rate * residual[j]));
  }
  return worst;
}

TEST(Ef14, TheModelReceivesEveryGradientOnceAtItsOwnRate) {
  EXPECT_EQ(defect_under_a_schedule("ef14"), 0);
  EXPECT_GT(defect_under_a_schedule("ef14(rescale=false)"), 0.1);
}

// A dense step sends everything and leaves nothing.
TEST(Ef14, AnUncompressedStepEmptiesTheResidual) {
  bool dense = false;
  LoneRank<double> rank("ef14", 3, Commit::step, [&](std::span<const double> x) {
    return dense ? everything(x) : largest(x);
  });
  rank.step({3, -1, 2});
  dense = true;
  EXPECT_EQ(rank.step({1, 1, 1}, {.exact = true}), (Vector{1, 0, 3}));
  EXPECT_EQ(rank.state("residual"), (Vector{0, 0, 0}));
}

}  // namespace
}  // namespace pith::test
