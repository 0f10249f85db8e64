// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "golden/descent.h"

// EControl: the share eta of the residual that is sent must follow the compressor's contraction
// delta. Counts of steps were measured by another program.
namespace pith::test {
namespace {

constexpr double kOff = 2;  // steps by which a count may differ
constexpr double kDiverges = std::numeric_limits<double>::infinity();

std::string econtrol(double eta) { return "econtrol(eta=" + std::to_string(eta) + ")"; }

// Steps of methods that have numbers in a table; where there are none, x must have grown instead.
void expect_steps(double tolerance, const Problem& problem, const std::vector<Method>& methods,
                  const std::vector<Trajectory>& x, const std::vector<double>& golden) {
  for (std::size_t m = 0; m < methods.size(); ++m) {
    SCOPED_TRACE(methods[m].feedback + " at rate " + std::to_string(methods[m].rate));
    if (golden[m] == kDiverges) {
      EXPECT_GT(largest_norm(x[m]), 1e6);
    } else {
      EXPECT_NEAR(steps_to(tolerance, problem, x[m]), golden[m], kOff);
    }
  }
}

// The largest step of EF21's theory for smoothness 1 and Top-1 in d dimensions.
double theory_step(double d) { return 1 / ((1 + std::sqrt(1 - 1 / d)) * d); }

TEST(T8, FullFeedbackOfTheResidualDiverges) {
  const Problem problem = three_planes();
  std::vector<Method> methods;
  for (const double rate : {0.005, 0.02, 0.05}) methods.push_back({econtrol(1), rate});
  for (const Trajectory& x : descend(problem, methods, 2000, Start::dense)) {
    EXPECT_GT(largest_norm(x), 1e6);
  }
}

TEST(T8, AShareNearTheContractionConverges) {
  const Problem problem = three_planes();
  const auto x = descend(problem, {{econtrol(0.1), 0.02}, {"econtrol", 0.02}}, 1020, Start::dense);
  const double golden[2][3] = {{324, 619, 1011}, {323, 616, 1007}};  // without eta it is delta, 1/3
  for (std::size_t m = 0; m < 2; ++m) {
    EXPECT_NEAR(steps_to(1e-3, problem, x[m]), golden[m][0], kOff);
    EXPECT_NEAR(steps_to(1e-6, problem, x[m]), golden[m][1], kOff);
    EXPECT_NEAR(steps_to(1e-10, problem, x[m]), golden[m][2], kOff);
  }
}

TEST(T8, EControlFollowsTheGoldenIterates) {
  const auto h = descend(heterogeneous(), {{econtrol(0.25), 0.05}}, 10, Start::dense).front();
  expect_near(h[1], {4.375, -2.625, 1.75, 3.5});
  expect_near(h[2], {3.8203125, -2.25, 1.5, 3.025});
  expect_near(h[3], {3.265625, -1.948828125, 1.25, 2.615});
  expect_near(h[10], {1.2949445417, -0.7881151881, 0.5230102539, 1.0508906836});
  const Problem problem = three_planes({1, 0.5, -0.25});
  const auto x = descend(problem, {{econtrol(0.1), 0.01}}, 5, Start::dense).front();
  expect_near(x[3], {0.720917856481, 0.445230555556, 0.03960144213});
  expect_near(x[5], {0.586513373419, 0.421893045093, 0.172727757077});
}

TEST(T8, NoShareIsEf21BitForBit) {
  for (const Start start : {Start::compressed, Start::dense}) {
    for (const Problem& problem : {three_planes(), heterogeneous(), spread(50)}) {
      const auto x = descend(problem, {{"ef21", 0.02}, {"econtrol(eta=0)", 0.02}}, 100, start);
      EXPECT_EQ(x[0], x[1]);
    }
  }
}

TEST(T8, StabilityOnThreePlanes) {
  struct Row {
    double eta;
    std::array<double, 3> golden;  // at rate 0.005, 0.02, 0.05
  };
  const Row rows[] = {{0.05, {4060, 1022, 566}},
                      {0.1, {4059, 1012, 448}},
                      {0.2, {4058, 1009, 409}},
                      {0.5, {4058, 1008, kDiverges}},
                      {0.7, {4058, 1007, kDiverges}},
                      {0.9, {kDiverges, kDiverges, kDiverges}},
                      {1.0, {kDiverges, kDiverges, kDiverges}}};
  const std::array<double, 3> rates{0.005, 0.02, 0.05};
  std::vector<Method> methods;
  std::vector<double> golden;
  for (const Row& row : rows) {
    for (std::size_t r = 0; r < rates.size(); ++r) {
      methods.push_back({econtrol(row.eta), rates[r]});
      golden.push_back(row.golden[r]);
    }
  }
  const Problem problem = three_planes();
  const auto x = descend(problem, methods, 4070, Start::dense);
  expect_steps(1e-10, problem, methods, x, golden);
}

// Top-1 of this start is full of exact ties, which rounding breaks. At eta = 0.4 and rate 0.05, the
// edge of stability, the order of a sum decides between 397 and 617 steps (427 in exact arithmetic,
// 416 published), so the count itself is no golden number.
TEST(T8, AtTheEdgeOfStabilityItStillConverges) {
  const Problem problem = three_planes();
  const std::vector<Method> methods{{econtrol(0.4), 0.05}, {econtrol(0.4), 0.02}};
  const auto x = descend(problem, methods, 1020, Start::dense);
  EXPECT_LT(steps_to(1e-10, problem, x[0]), 700);
  EXPECT_NEAR(steps_to(1e-10, problem, x[1]), 1007, kOff);
}

TEST(T8, StabilityOnTheHeterogeneousProblem) {
  struct Row {
    double eta, slow, fast;  // at rate 0.0125 and 0.05
  };
  const Row rows[] = {{0.05, 862, 483},
                      {0.1, 831, 289},
                      {0.2, 823, 223},
                      {0.4, 820, 203},
                      {0.5, 820, 225},
                      {0.7, kDiverges, kDiverges},
                      {0.9, kDiverges, kDiverges},
                      {1.0, kDiverges, kDiverges}};
  std::vector<Method> methods;
  std::vector<double> golden;
  for (const Row& row : rows) {
    methods.push_back({econtrol(row.eta), 0.0125});
    methods.push_back({econtrol(row.eta), 0.05});
    golden.insert(golden.end(), {row.slow, row.fast});
  }
  const Problem problem = heterogeneous();
  const auto x = descend(problem, methods, 900, Start::dense);
  expect_steps(1e-10, problem, methods, x, golden);
}

TEST(T8, SparseMessagesNeedASmallShare) {
  const double rate = theory_step(50);
  EXPECT_NEAR(rate, 0.0100505, 1e-7);
  const std::vector<Method> methods{
      {"ef21", rate},         {econtrol(0.002), rate}, {econtrol(0.005), rate},
      {econtrol(0.01), rate}, {econtrol(0.02), rate},  {econtrol(0.05), rate},
      {"econtrol", rate},  // it follows the contraction, 0.02
      {econtrol(0.1), rate},  {econtrol(0.2), rate},   {"econtrol(eta=0.00005)", rate}};
  const std::vector<double> golden{3145, 7020, 3795, 3332, 3266, 3245, 3266, kDiverges, kDiverges};
  const Problem problem = spread(50);
  const auto x = descend(problem, methods, 8000, Start::dense);
  const std::vector<Method> in_table(methods.begin(), methods.end() - 1);
  expect_steps(1e-6, problem, in_table, x, golden);
  // The share that theory asks for, delta / 400, is far too small for practice.
  EXPECT_NEAR(norm(mean_gradient(problem, x.back().back())), 8.8e-3, 0.05e-3);
}

// In units of the contraction 1/50: what matters is eta / delta.
TEST(T8, UpToOneAndAHalfTimesTheContractionIsStable) {
  struct Row {
    double factor;                 // of the theory's step
    std::array<double, 5> golden;  // EF21, then eta / delta = 0.25, 0.5, 1, 1.5
  };
  const Row rows[] = {{1, {2670, 3232, 2843, 2783, 2771}},
                      {4, {508, 2445, 1403, 923, 815}},
                      {8, {447, 2382, 1297, 791, 1238}}};
  std::vector<Method> methods;
  std::vector<double> golden;
  for (const Row& row : rows) {
    const double rate = row.factor * theory_step(50);
    methods.push_back({"ef21", rate});
    for (const double share : {0.25, 0.5, 1.0, 1.5})
      methods.push_back({econtrol(share / 50), rate});
    golden.insert(golden.end(), row.golden.begin(), row.golden.end());
  }
  const Problem problem = spread(50);
  const auto x = descend(problem, methods, 3300, Start::dense);
  expect_steps(1e-5, problem, methods, x, golden);
}

TEST(T8, TwiceTheContractionIsNotStable) {
  const double rate = theory_step(50);
  const std::vector<Method> methods{
      {econtrol(0.04), 4 * rate}, {econtrol(0.06), rate}, {econtrol(0.06), 4 * rate}};
  const Problem problem = spread(50);
  const auto x = descend(problem, methods, 5000, Start::dense);
  EXPECT_GT(norm(mean_gradient(problem, x[0].back())), 1);  // it neither grows nor arrives
  EXPECT_GT(largest_norm(x[1]), 1e6);
  EXPECT_GT(largest_norm(x[2]), 1e6);
}

}  // namespace
}  // namespace pith::test
