// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include "golden/descent.h"

// Beznosikov et al. 2020: compressing gradients without feedback can diverge at every step size.
namespace pith::test {
namespace {

constexpr double kOff = 2;  // steps by which a count may differ

TEST(T1, EveryRankStartsWithTheWrongLargestElement) {
  const Problem problem = three_planes();
  EXPECT_EQ(problem.gradient(0, 0, problem.start), (Vector{-5.5, 4.5, 4.5}));
  EXPECT_EQ(problem.gradient(2, 0, problem.start), (Vector{4.5, 4.5, -5.5}));
}

TEST(T1, NaiveTopKGrowsByTheExactFactor) {
  const std::vector<Method> methods{{"none", 0.01}, {"none", 0.1}};
  const auto trajectories = descend(three_planes(), methods, 200);
  for (std::size_t r = 0; r < methods.size(); ++r) {
    for (std::size_t t = 0; t <= 200; ++t) {
      const double factor = std::pow(1 + 11 * methods[r].rate / 6, static_cast<double>(t));
      for (const double x : trajectories[r][t]) ASSERT_NEAR(x / factor, 1, 1e-12) << "step " << t;
    }
  }
  EXPECT_NEAR(trajectories[0][100][0], 6.151712, 1e-6);
  EXPECT_NEAR(trajectories[1][10][0], 5.383578, 1e-6);
  EXPECT_NEAR(trajectories[1][200][0], 4.18e14, 0.005e14);
}

TEST(T1, Ef14ConvergesWhereNaiveTopKGrows) {
  const Problem problem = three_planes();
  const auto x = descend(problem, {{"ef14", 0.02}}, 1000).front();
  EXPECT_NEAR(steps_to(1e-3, problem, x), 318, kOff);
  EXPECT_NEAR(steps_to(1e-6, problem, x), 603, kOff);
  EXPECT_NEAR(steps_to(1e-10, problem, x), 987, kOff);
}

TEST(T1, Ef21ConvergesInTheGoldenNumbersOfSteps) {
  struct Golden {
    double rate, to_3, to_6, to_10;
  };
  constexpr Golden kGolden[] = {{0.0058591, 1103, 2103, 3437},
                                {0.02, 316, 603, 984},
                                {0.05, 106, 200, 325},
                                {0.1, 47, 96, 167}};
  std::vector<Method> methods;
  for (const Golden& golden : kGolden) methods.push_back({"ef21", golden.rate});
  const Problem problem = three_planes();
  const auto x = descend(problem, methods, 3440, Start::dense);
  for (std::size_t r = 0; r < methods.size(); ++r) {
    SCOPED_TRACE(methods[r].rate);
    EXPECT_NEAR(steps_to(1e-3, problem, x[r]), kGolden[r].to_3, kOff);
    EXPECT_NEAR(steps_to(1e-6, problem, x[r]), kGolden[r].to_6, kOff);
    EXPECT_NEAR(steps_to(1e-10, problem, x[r]), kGolden[r].to_10, kOff);
  }
}

TEST(T1, Ef21FollowsTheGoldenIterates) {
  const auto x = descend(three_planes({1, 0.5, -0.25}), {{"ef21", 0.01}}, 5, Start::dense).front();
  expect_near(x[1], {0.895, 0.480833333333, -0.140416666667});
  expect_near(x[2], {0.800091666667, 0.463031944444, -0.042557638889});
  expect_near(x[3], {0.720130912037, 0.445230555556, 0.040387969907});
  expect_near(x[5], {0.582128678742, 0.420981338148, 0.177912299873});
}

// Without the dense first step the estimate is zero before the first message: x_1 of the document
// is the start, so its x_{t+1} is ours after t steps.
TEST(T1, Ef21FromZeroFollowsTheGoldenIterates) {
  const auto x = descend(three_planes({1, 0.5, -0.25}), {{"ef21", 0.01}}, 2).front();
  expect_near(x[1], {0.946666666667, 0.5, -0.174583333333});
  expect_near(x[2], {0.845694444444, 0.5, -0.069686805556});
}

TEST(T1, FeedbackReachesBeyondTheStepAtWhichGradientDescentDiverges) {
  const Problem problem = three_planes({1, 0.5, -0.25});
  const auto ef14 = descend(problem, {{"ef14", 0.12}, {"none", 0.12, "none"}}, 1000);
  EXPECT_NEAR(steps_to(1e-10, problem, ef14[0]), 193, kOff);
  EXPECT_GT(largest_norm(ef14[1]), 1e6);
  const auto ef21 = descend(problem, {{"ef21", 0.12}}, 250, Start::dense).front();
  EXPECT_NEAR(steps_to(1e-10, problem, ef21), 221, kOff);
}

TEST(T1, FeedbackDivergesAtALargeStep) {
  const Problem problem = three_planes();
  EXPECT_GT(largest_norm(descend(problem, {{"ef14", 0.2}}, 500).front()), 1e6);
  EXPECT_GT(largest_norm(descend(problem, {{"ef21", 0.2}}, 500, Start::dense).front()), 1e6);
}

}  // namespace
}  // namespace pith::test
