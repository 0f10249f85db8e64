// SPDX-License-Identifier: Apache-2.0
// The golden instances of the dynamic program, and what its published code gets wrong.
#include <cmath>
#include <limits>
#include <tuple>

#include <gtest/gtest.h>

#include "instances.h"

namespace pith::test {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Solution solved(const Instance& instance, double alpha = 1) {
  return least_cost(instance.problem(), alpha * instance.uniform().error);
}

Solution cheapest_within(const Instance& instance, double budget) {
  return brute_force(
      instance, [&](const Solution& s) { return s.error <= budget; },
      [](const Solution& s) { return std::tuple(s.cost, s.error); });
}

Solution most_accurate_within(const Instance& instance, std::uint64_t budget) {
  return brute_force(
      instance, [&](const Solution& s) { return s.cost <= budget; },
      [](const Solution& s) { return std::tuple(s.error, s.cost); });
}

// A budget that the optimum takes to the last is lost where errors are rounded up and the budget is
// not: that costs 1810 at every number of levels but 7.
TEST(Lgreco, E1TwoLayersReachTheOptimumAtTheEdgeOfTheBudget) {
  Instance instance = two_layers();
  EXPECT_EQ(instance.uniform().error, 7);
  EXPECT_EQ(instance.uniform().cost, 2420u);
  for (const std::size_t levels : std::vector<std::size_t>{7, 10, 100, 10'000}) {
    instance.levels = levels;
    const Solution solution = solved(instance);
    EXPECT_EQ(solution.assignment, (Assignment{2, 0})) << levels;
    EXPECT_EQ(solution.cost, 1610u);
    EXPECT_EQ(solution.error, 7);
    EXPECT_TRUE(solution.within_budget);
  }
}

// By squares the budget is 29, and 3^2 + 4^2 = 25.
TEST(Lgreco, E1TheSquaredNormHappensToAgree) {
  Instance instance = two_layers();
  instance.norm = Norm::squared;
  EXPECT_EQ(instance.uniform().error, 29);
  EXPECT_EQ(solved(instance).assignment, (Assignment{2, 0}));
}

// With the budget rounded as the errors are, 10 levels would cost 6400.
TEST(Lgreco, E2ThreeLayersReachTheOptimum) {
  Instance instance = three_layers();
  EXPECT_EQ(instance.uniform().error, 12.5);
  EXPECT_EQ(instance.uniform().cost, 9600u);
  for (const std::size_t levels : std::vector<std::size_t>{10, 100, 1000, 10'000}) {
    instance.levels = levels;
    const Solution solution = solved(instance);
    EXPECT_EQ(solution.assignment, (Assignment{1, 0, 2})) << levels;
    EXPECT_EQ(solution.cost, 5900u);
  }
}

TEST(Lgreco, E3AgreesWithBruteForceOnThousandInstances) {
  std::mt19937_64 random(3);
  std::size_t equal = 0, lone = 0;
  for (int i = 0; i < 1000; ++i) {
    const Instance instance = random_instance(random);
    lone += instance.layers.size() == 1;
    const Solution uniform = instance.uniform();
    const Solution solution = solved(instance);
    const Solution best = cheapest_within(instance, uniform.error);
    ASSERT_TRUE(solution.within_budget);
    ASSERT_LE(solution.error, uniform.error * (1 + 1e-9));
    ASSERT_LE(solution.cost, uniform.cost);
    equal += solution.cost == best.cost;
  }
  EXPECT_GE(lone, 100u);
  EXPECT_EQ(equal, 1000u);
}

TEST(Lgreco, E3AgreesWithBruteForceForBudgetsOfCost) {
  std::mt19937_64 random(4);
  std::size_t equal = 0;
  for (int i = 0; i < 1000; ++i) {
    const Instance instance = random_instance(random);
    const Solution uniform = instance.uniform();
    const Solution solution = least_error(instance.problem(), uniform.cost);
    ASSERT_LE(solution.cost, uniform.cost);
    ASSERT_LE(solution.error, uniform.error);
    equal += solution.error == most_accurate_within(instance, uniform.cost).error;
  }
  EXPECT_EQ(equal, 1000u);
}

TEST(Lgreco, E3FewLevelsStillKeepTheBudgetAndNeverCostMoreThanUniform) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 1000; ++i) {
    Instance instance = random_instance(random);
    instance.levels = 1 + random() % 20;
    const Solution uniform = instance.uniform();
    const Solution solution = solved(instance);
    ASSERT_LE(solution.error, uniform.error * (1 + 1e-9));
    ASSERT_LE(solution.cost, uniform.cost);
    ASSERT_LE(least_error(instance.problem(), uniform.cost).error, uniform.error);
  }
}

TEST(Lgreco, E4IdenticalLayersAreUniformOrCheaper) {
  const Instance instance{std::vector<LayerCandidates>(9, ranks({8, 5, 3, 2}, 100, 1))};
  const Solution solution = solved(instance);
  EXPECT_LE(solution.cost, instance.uniform().cost);
  EXPECT_LE(solution.error, instance.uniform().error);
  const Instance straight{std::vector<LayerCandidates>(9, ranks({3, 2, 1}, 100, 1))};
  EXPECT_EQ(solved(straight).assignment, uniform_assignment(straight.layers));
}

TEST(Lgreco, E4ABudgetThatNothingMeetsGivesTheMostAccurateAssignmentAndSaysSo) {
  const Solution solution = solved(two_layers(), 1e-9);
  EXPECT_EQ(solution.assignment, (Assignment{3, 3}));
  EXPECT_FALSE(solution.within_budget);
  EXPECT_EQ(solution.error, 2.5);
  EXPECT_EQ(solution.cost, 4840u);
}

TEST(Lgreco, E4ABudgetForAllGivesTheCheapestCandidates) {
  for (const double alpha : {10.0, 1e9, 1e300, kInfinity}) {
    const Solution solution = solved(three_layers(), alpha);
    EXPECT_EQ(solution.assignment, (Assignment{0, 0, 0})) << alpha;
    EXPECT_TRUE(solution.within_budget);
  }
}

TEST(Lgreco, E6AScaleOfTheErrorsChangesNothing) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 100; ++i) {
    const Instance instance = random_instance(random);
    const Solution solution = solved(instance);
    for (const double scale : {1e-16, 1e-8, 1e8, 1e16}) {  // of squares
      Instance scaled = instance;
      for (LayerCandidates& layer : scaled.layers) {
        for (double& error : layer.squared_errors) error *= scale;
      }
      ASSERT_EQ(solved(scaled).assignment, solution.assignment) << scale;
    }
  }
}

TEST(Lgreco, E6ZeroGradientsKeepTheCurrentAssignment) {
  Instance instance{{ranks({0, 0, 0}, 100, 1), ranks({0, 0}, 50, 1)}};
  instance.current = {2, 0};
  const Solution solution = solved(instance);
  EXPECT_EQ(solution.assignment, instance.current);
  EXPECT_TRUE(solution.within_budget);
  EXPECT_EQ(least_error(instance.problem(), 350).assignment, instance.current);
  EXPECT_EQ(least_error(instance.problem(), 349).assignment, (Assignment{0, 0}));
}

// The published code loses one level of the first layer, and clips what is above the budget to all
// of it.
TEST(Lgreco, ALoneLayerTakesAllOfTheBudgetAndNothingBeyond) {
  Instance instance{{ranks({9, 4, 1}, 100, 1)}};
  EXPECT_EQ(least_cost(instance.problem(), 4).assignment, Assignment{1});
  EXPECT_EQ(least_cost(instance.problem(), 3.999).assignment, Assignment{2});
  EXPECT_EQ(least_cost(instance.problem(), 8.999).assignment, Assignment{1});
  EXPECT_EQ(least_cost(instance.problem(), 9).assignment, Assignment{0});
  EXPECT_EQ(least_error(instance.problem(), 200).assignment, Assignment{1});
  EXPECT_EQ(least_error(instance.problem(), 199).assignment, Assignment{0});
}

TEST(Lgreco, NoLayerIsSolvedByNothing) {
  const Instance instance;
  for (const Solution& solution :
       {solved(instance), least_error(instance.problem(), 0), instance.uniform()}) {
    EXPECT_TRUE(solution.assignment.empty());
    EXPECT_TRUE(solution.within_budget);
    EXPECT_EQ(solution.cost, 0u);
  }
}

TEST(Lgreco, ErrorsThatAreNotFiniteMakeCandidatesIllegal) {
  for (const double bad : {kNaN, kInfinity}) {
    Instance instance = two_layers();
    instance.layers[0].squared_errors[2] = bad;
    const Solution solution = solved(instance);
    EXPECT_EQ(solution.assignment, (Assignment{3, 0}));
    EXPECT_EQ(solution.cost, 1810u);
  }
}

TEST(Lgreco, AStandardThatIsNotFiniteIsReplacedByTheMostAccurateCandidate) {
  Instance instance = two_layers();
  instance.layers[0].squared_errors[1] = kNaN;
  EXPECT_EQ(uniform_assignment(instance.layers), (Assignment{3, 1}));
  EXPECT_EQ(instance.uniform().error, 4);
  EXPECT_LE(solved(instance).error, 4);
}

TEST(Lgreco, ALayerWithoutAFiniteErrorKeepsItsCandidate) {
  Instance instance = two_layers();
  instance.current = {3, 2};
  instance.layers[0].squared_errors.assign(4, kNaN);
  const Solution solution = solved(instance);
  EXPECT_EQ(solution.assignment, (Assignment{3, 1}));
  EXPECT_EQ(solution.error, 2);
  EXPECT_EQ(solution.cost, 800u + 2020u);
  instance.layers[1].squared_errors.assign(4, kInfinity);
  EXPECT_EQ(solved(instance).assignment, instance.current);
}

}  // namespace
}  // namespace pith::test
