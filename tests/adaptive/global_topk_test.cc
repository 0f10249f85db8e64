// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "model.h"

namespace pith::test {
namespace {

/// A layer of these squares, largest first: candidate k keeps k of them, at a cost of k.
LayerCandidates kept_elements(std::vector<double> squares) {
  std::ranges::sort(squares, std::greater());
  LayerCandidates layer;
  for (std::size_t k = 0; k <= squares.size(); ++k) {
    double left = 0;
    for (std::size_t i = squares.size(); i-- > k;) left += squares[i];
    layer.squared_errors.push_back(left);
    layer.costs.push_back(k);
  }
  return layer;
}

std::vector<std::vector<double>> random_squares(std::mt19937_64& random) {
  std::vector<std::vector<double>> layers(3);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    layers[l].resize(20 * (l + 1));
    for (double& square : layers[l]) square = static_cast<double>(random() % 1'000'000);
  }
  return layers;
}

TEST(GlobalTopK, IsOneThresholdForAllLayers) {
  std::mt19937_64 random(7);
  const auto squares = random_squares(random);
  std::vector<double> all;
  Model model{{"a", "b", "c"}, {}};
  for (const auto& layer : squares) {
    all.insert(all.end(), layer.begin(), layer.end());
    model.layers.push_back(kept_elements(layer));
  }
  model = {model.names, model.layers};
  std::ranges::sort(all, std::greater());
  for (const std::size_t kept : std::vector<std::size_t>{1, 17, 60, 119, 120}) {
    const Solution solution =
        model.choose("global_topk(budget=bytes(most=" + std::to_string(kept) + "))");
    for (std::size_t l = 0; l < 3; ++l) {
      const auto above =
          std::ranges::count_if(squares[l], [&](double square) { return square >= all[kept - 1]; });
      EXPECT_EQ(solution.assignment[l], static_cast<std::size_t>(above)) << kept;
    }
    EXPECT_EQ(solution.cost, kept);
    const Solution solved = model.choose("lgreco(budget=bytes(most=" + std::to_string(kept) + "))");
    EXPECT_EQ(solved.error, solution.error);
  }
}

// (1, 10), (2, 9), (3, 2): the middle one lies above the line between the others.
TEST(GlobalTopK, LeavesOutWhatIsNotOnTheHull) {
  const Model model{{"a"}, {{{10, 9, 2}, {1, 2, 3}, 0}}};
  EXPECT_EQ(model.choose("global_topk(budget=bytes(most=2))").assignment, Assignment{0});
  EXPECT_EQ(model.choose("global_topk(budget=bytes(most=3))").assignment, Assignment{2});
}

// The next move by price is the second of a, which does not fit; b's cheaper one is not taken.
TEST(GlobalTopK, StopsAtTheFirstMoveThatDoesNotFit) {
  const Model model{{"a", "b"}, {{{20, 0}, {1, 11}, 0}, {{1, 0}, {1, 2}, 0}}};
  const Solution solution = model.choose("global_topk(budget=bytes(most=5))");
  EXPECT_EQ(solution.assignment, (Assignment{0, 0}));
  EXPECT_TRUE(solution.within_budget);
  EXPECT_EQ(model.choose("lgreco(budget=bytes(most=5))").assignment, (Assignment{0, 1}));
}

TEST(GlobalTopK, SpendsAtMostWhatAnotherPolicyDoes) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 200; ++i) {
    const Instance instance = random_instance(random);
    Model model{std::vector<std::string>(instance.layers.size(), "x"), instance.layers};
    const Solution uniform = model.choose("uniform");
    const Solution global = model.choose("global_topk");
    ASSERT_LE(global.cost, uniform.cost);
    const Solution half = model.choose("global_topk(alpha=0.5)");
    ASSERT_TRUE(!half.within_budget || 2 * half.cost <= uniform.cost);
    ASSERT_LE(least_error({.layers = model.layers, .current = model.current}, uniform.cost).error,
              global.error);
  }
}

// No assignment has less error + price * cost, at the price of the last move that was made.
TEST(GlobalTopK, IsOptimalAtItsCost) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 200; ++i) {
    const Instance instance = random_instance(random);
    const Model model{std::vector<std::string>(instance.layers.size(), "x"), instance.layers};
    const Solution global = model.choose("global_topk");
    if (!global.within_budget) continue;
    Instance squared = instance;
    squared.norm = Norm::squared;
    const Solution best = brute_force(
        squared, [&](const Solution& s) { return s.cost <= global.cost; },
        [](const Solution& s) { return s.error; });
    ASSERT_LE(global.error, best.error * (1 + 1e-12));
  }
}

TEST(GlobalTopK, ABudgetThatNothingMeetsGivesTheCheapestAssignmentAndSaysSo) {
  const Solution solution = two_layer_model().choose("global_topk(budget=bytes(most=1209))");
  EXPECT_EQ(solution.assignment, (Assignment{0, 0}));
  EXPECT_FALSE(solution.within_budget);
}

}  // namespace
}  // namespace pith::test
