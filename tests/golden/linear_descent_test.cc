// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gtest/gtest.h>

#include "golden/descent.h"

// Linear compressors under EF14: what the ranks' messages average to is the message of their mean,
// so the descent is that of one rank on f itself, however different the f_i are.
namespace pith::test {
namespace {

/// f itself, on one rank.
Problem on_one_rank(const Problem& problem) {
  return {1, problem.start, [problem](std::size_t, std::uint64_t, const Vector& x) {
            return mean_gradient(problem, x);
          }};
}

TEST(LinearDescent, ACommonMaskIsTopKOfTheMean) {
  const Problem problem = three_planes({1, 0.5, -0.25});
  const Method common{"ef14", 0.02, "arctopk(density=0.1,block=1)", "linear"};
  const auto x = descend(problem, {common}, 300).front();
  const auto expected = descend(on_one_rank(problem), {{"ef14", 0.02}}, 300).front();
  for (std::size_t t = 0; t <= 300; ++t) {
    for (std::size_t j = 0; j < 3; ++j) ASSERT_NEAR(x[t][j], expected[t][j], 1e-9) << t;
  }
}

// Top-k of every rank's own message comes only near to it: it has a floor.
TEST(LinearDescent, ConvergesToTheMinimumOfHeterogeneousRanks) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  const Problem problem = spread(50);
  const auto x = descend(problem,
                         {{"ef14", 0.1, "topk(k=10)"},
                          {"ef14", 0.1, "arctopk(density=0.2,block=1)", "linear"},
                          {"ef14", 0.1, "arctopk(density=0.2,block=5)", "linear"},
                          {"ef14", 0.1, "acp(rank=1)", "linear"},
                          {"ef14", 0.1, "lowrank(rank=1)", "linear"}},
                         3000);
  EXPECT_EQ(steps_to(1e-10, problem, x[0]), kNever);
  for (std::size_t m = 1; m < x.size(); ++m) EXPECT_LT(steps_to(1e-10, problem, x[m]), 2500) << m;
}

}  // namespace
}  // namespace pith::test
