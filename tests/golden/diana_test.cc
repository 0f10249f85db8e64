// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/random.h>

#include "golden/descent.h"

// Mishchenko et al. 2019; Condat, Yi, Richtarik 2022: unbiased compressors of large variance.
namespace pith::test {
namespace {

constexpr const char* kTernary = "quantize(bits=2,range=qsgd)";  // variance 2 of 4 elements

// By the published step 1 / ((1 + 6 omega / p) L) with omega = 2 and L = 2.5.
constexpr double kRate = 0.1;

TEST(Diana, ReachesTheMinimumWherePlainNoiseStalls) {
  const Problem problem = heterogeneous();
  const std::vector<Method> methods{{"ef_bv", kRate, kTernary}, {"none", kRate, kTernary}};
  const auto x = descend(problem, methods, 400);
  // Linearly: from 1e-5 to 1e-10 it takes no longer than to 1e-5.
  EXPECT_NEAR(steps_to(1e-5, problem, x[0]), 57, 2);
  EXPECT_NEAR(steps_to(1e-10, problem, x[0]), 104, 2);
  EXPECT_LT(norm(x[0].back()), 1e-14);
  EXPECT_GT(floor_of(problem, x[1]), 1);
}

TEST(Diana, WithBothStepsOneItIsEf21ToTheBit) {
  const Problem problem = heterogeneous();
  const std::vector<Method> methods{
      {"ef_bv", 0.05}, {"ef_bv(lambda=1,nu=1)", 0.05}, {"ef21", 0.05}};
  for (const Start start : {Start::compressed, Start::dense}) {
    const auto x = descend(problem, methods, 200, start);
    EXPECT_EQ(x[0], x[2]);
    EXPECT_EQ(x[1], x[2]);
  }
}

// The mask that all ranks share: the mean of what is sent is what would be sent of the mean.
TEST(Diana, IsNotNeededWhereAllRanksDrawAlike) {
  const Problem problem = heterogeneous();
  const auto x =
      descend(problem, {{"none", 0.0727273, "randomk(k=1,scale=unbiased)", "linear"}}, 400).front();
  EXPECT_LT(norm(x.back()), 1e-8);
}

// They know by which steps the others follow, although they send nothing.
TEST(Diana, AbsentRanksFollowBySameSteps) {
  const Problem problem = heterogeneous();
  std::vector<Vector> own(4);
  std::vector<Vector> mean(4);
  run_local(4, [&](Communicator& communicator) {
    const auto rank = static_cast<std::size_t>(communicator.rank());
    const Random coin({.seed = 14, .rank = static_cast<std::uint32_t>(rank)});
    Descent descent(communicator, problem, {{"ef_bv", 0.05, kTernary}}, Start::compressed);
    descent.step(rank > 0);  // rank 0 has never sent anything when it first receives
    for (std::uint64_t t = 0; t < 600; ++t) descent.step(coin.below(2, t) == 0);
    own[rank] = descent.state(0, "own");
    mean[rank] = descent.state(0, "mean");
    EXPECT_LT(norm(descent.x(0)), 1e-8);
  });
  for (std::size_t j = 0; j < 4; ++j) {
    EXPECT_NEAR((own[0][j] + own[1][j] + own[2][j] + own[3][j]) / 4, mean[0][j], 1e-12);
    for (const Vector& other : mean) EXPECT_EQ(other[j], mean[0][j]);
  }
}

}  // namespace
}  // namespace pith::test
