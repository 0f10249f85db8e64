// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

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

// In units of the contraction delta = 1 / d: what matters is eta / delta.
struct Share {
  double of_contraction;  // 0: EF21
  double factor;          // of the theory's step
  double golden;
};

std::vector<Trajectory> descend_on_spread(std::size_t d, std::size_t steps,
                                          const std::vector<Share>& shares) {
  std::vector<Method> methods;
  const auto dimensions = static_cast<double>(d);
  for (const Share& share : shares) {
    const double eta = share.of_contraction / dimensions;
    methods.push_back({eta == 0 ? "ef21" : econtrol(eta), share.factor * theory_step(dimensions)});
  }
  return descend(spread(d), methods, steps, Start::dense);
}

void expect_steps_on_spread(std::size_t d, std::size_t steps, const std::vector<Share>& shares) {
  const auto x = descend_on_spread(d, steps, shares);
  for (std::size_t m = 0; m < shares.size(); ++m) {
    EXPECT_NEAR(steps_to(1e-5, spread(d), x[m]), shares[m].golden, kOff)
        << shares[m].of_contraction << " of the contraction, step times " << shares[m].factor;
  }
}

TEST(T8, UpToOneAndAHalfTimesTheContractionIsStable) {
  expect_steps_on_spread(50, 3300,
                         {{0, 1, 2670},
                          {0.25, 1, 3232},
                          {0.5, 1, 2843},
                          {1, 1, 2783},
                          {1.5, 1, 2771},
                          {2, 1, 2766},
                          {0, 4, 508},
                          {0.25, 4, 2445},
                          {0.5, 4, 1403},
                          {1, 4, 923},
                          {1.5, 4, 815},
                          {0, 8, 447},
                          {0.25, 8, 2382},
                          {0.5, 8, 1297},
                          {1, 8, 791},
                          {1.5, 8, 1238}});
}

TEST(T8, TheSameSharesAreStableInAHundredDimensions) {
  expect_steps_on_spread(
      100, 2100,
      {{0, 4, 1259}, {1, 4, 1914}, {1.5, 4, 1688}, {0, 8, 909}, {1, 8, 1605}, {1.5, 8, 2051}});
  expect_steps_on_spread(100, 4940, {{0.5, 4, 2898}, {0.25, 8, 4928}, {0.5, 8, 2684}});
}

// Its published count, 5000, is where that program ended.
TEST(T8, AQuarterOfTheContractionTakes5057StepsInAHundredDimensions) {
  expect_steps_on_spread(100, 5070, {{0.25, 4, 5057}});
}

// The norm of the gradient after 5000 steps. Where it grows, the order of a sum decides how far: by
// a factor of up to 5.
TEST(T8, TwiceTheContractionIsNotStable) {
  const std::vector<Share> fifty{{2, 4, 4}, {2, 8, 4e4}, {3, 1, 4e9}};
  const std::vector<Share> hundred{{2, 4, 2e-5}, {2, 8, 70}};
  for (const auto& [d, shares] : {std::pair(50, fifty), std::pair(100, hundred)}) {
    const auto x = descend_on_spread(static_cast<std::size_t>(d), 5000, shares);
    for (std::size_t m = 0; m < shares.size(); ++m) {
      const Problem problem = spread(static_cast<std::size_t>(d));
      const double left = norm(mean_gradient(problem, x[m].back()));
      EXPECT_GT(left, 1e-5);
      EXPECT_LT(std::abs(std::log(left / shares[m].golden)), std::log(5));
    }
  }
}

// Where the tables only say that it diverges.
TEST(T8, ThreeTimesTheContractionDiverges) {
  for (const std::size_t d : {50u, 100u}) {
    for (const Trajectory& x : descend_on_spread(d, 5000, {{3, 4, 0}, {3, 8, 0}})) {
      EXPECT_GT(largest_norm(x), 1e5);
    }
  }
}

}  // namespace
}  // namespace pith::test
