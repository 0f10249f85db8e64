// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

#include "model.h"

namespace pith::test {
namespace {

/// One layer after the other: squares of these norms are measured, and the candidate is returned.
std::vector<std::size_t> chosen(Policy& policy, const std::vector<double>& norms) {
  Model model{{"fc.weight"}, {ranks({8, 5, 3, 2}, 200, 1)}};
  std::vector<std::size_t> candidates;
  for (const double norm : norms) {
    model.squared_norms = {norm * norm};
    candidates.push_back(policy.choose(model.measured()).assignment[0]);
  }
  return candidates;
}

const std::vector<std::string> kNames{"fc.weight"};

// 9 from zero; then |8 - 4.01| / 8 is below a half and |4 - 2| / 4 is not; a rise counts as a fall.
TEST(Accordion, TakesTheLowLevelWhileTheNormHardlyChanges) {
  const auto policy = make_policy(parse_spec("accordion"), kNames);
  EXPECT_EQ(chosen(*policy, {8, 4.01, 4, 2, 3.5, 3.5, 1.7}),
            (std::vector<std::size_t>{1, 0, 0, 1, 1, 0, 1}));
}

TEST(Accordion, TakesTheHighLevelForANormThatComesFromZero) {
  const auto policy = make_policy(parse_spec("accordion"), kNames);
  EXPECT_EQ(chosen(*policy, {0, 0, 1, 1}), (std::vector<std::size_t>{1, 1, 1, 0}));
  const auto tolerant = make_policy(parse_spec("accordion(eta=9.5)"), kNames);
  EXPECT_EQ(chosen(*tolerant, {0, 5}), (std::vector<std::size_t>{0, 0}));
}

TEST(Accordion, TakesTheLevelsAskedFor) {
  const auto policy =
      make_policy(parse_spec("accordion(low=lowrank(rank=3),high=accurate,eta=0.1)"), kNames);
  EXPECT_EQ(chosen(*policy, {1, 1.05, 1.3}), (std::vector<std::size_t>{3, 2, 3}));
}

TEST(Accordion, ANormThatIsNotFiniteGivesTheHighLevelAndIsForgotten) {
  const auto policy = make_policy(parse_spec("accordion"), kNames);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(chosen(*policy, {1, nan, infinity, 1}), (std::vector<std::size_t>{1, 1, 1, 0}));
}

TEST(Accordion, GoesOnFromItsStates) {
  const auto first = make_policy(parse_spec("accordion"), kNames);
  EXPECT_EQ(chosen(*first, {4, 4.5}), (std::vector<std::size_t>{1, 0}));
  const auto states = first->states();
  ASSERT_EQ(states.size(), 1u);
  EXPECT_EQ(states[0].name, "norms");
  EXPECT_EQ(states[0].values[0], 4.5);
  const auto second = make_policy(parse_spec("accordion"), kNames);
  std::ranges::copy(states[0].values, second->states()[0].values.begin());
  EXPECT_EQ(chosen(*second, {4.4}), chosen(*first, {4.4}));
}

// At the low level the budget is what ranks 1 lose; at the high one what the standards do.
TEST(Accordion, GivesTheSolverItsBudget) {
  Model model = two_layer_model();
  model.squared_norms = {1, 1};
  const auto policy = model.policy("lgreco(norm=plain,budget=accordion)");
  EXPECT_EQ(policy->choose(model.measured()).assignment, (Assignment{2, 0}));
  EXPECT_EQ(policy->choose(model.measured()).assignment, (Assignment{0, 0}));
  model.squared_norms = {1, 9};  // E = 8 + 2
  EXPECT_EQ(policy->choose(model.measured()).assignment, (Assignment{1, 0}));
  ASSERT_EQ(policy->states().size(), 1u);
  EXPECT_EQ(policy->states()[0].values[1], 3);
}

}  // namespace
}  // namespace pith::test
