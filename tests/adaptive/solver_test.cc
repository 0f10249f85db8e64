// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/core/error.h>

#include "instances.h"

namespace pith::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(LeastError, KeepsABudgetOfBytesToTheByte) {
  const Instance instance{{ranks({4, 1}, 1001, 0), ranks({3, 2}, 3003, 0)}};
  EXPECT_EQ(least_error(instance.problem(), 5004).assignment, (Assignment{0, 0}));
  EXPECT_EQ(least_error(instance.problem(), 5005).assignment, (Assignment{1, 0}));
  EXPECT_EQ(least_error(instance.problem(), 8007).assignment, (Assignment{1, 0}));
  EXPECT_EQ(least_error(instance.problem(), 8008).assignment, (Assignment{1, 1}));
}

TEST(LeastError, GivesTheCheapestAssignmentWhereNothingMeetsTheBudget) {
  for (const std::uint64_t budget : std::vector<std::uint64_t>{0, 1209}) {
    const Solution solution = least_error(two_layers().problem(), budget);
    EXPECT_EQ(solution.assignment, (Assignment{0, 0}));
    EXPECT_FALSE(solution.within_budget);
  }
  EXPECT_TRUE(least_error(two_layers().problem(), 1210).within_budget);
}

TEST(LeastError, TellsErrorsApartThatDifferInTheirLastBits) {
  for (const double more : {1e-12, -1e-12}) {
    const Instance instance{{ranks({2, 1}, 100, 0), ranks({1 + more, 0}, 100, 0)}};
    EXPECT_EQ(least_error(instance.problem(), 300).assignment,
              more > 0 ? (Assignment{0, 1}) : (Assignment{1, 0}));
  }
}

TEST(LeastCost, AZeroBudgetAllowsWhatHasNoError) {
  const Instance instance{{ranks({1, 0, 0}, 10, 2), ranks({2, 0}, 10, 1)}};
  const Solution solution = least_cost(instance.problem(), 0);
  EXPECT_EQ(solution.assignment, (Assignment{1, 1}));
  EXPECT_TRUE(solution.within_budget);
}

TEST(LeastCost, ASumThatOnlyRoundingLiftsAboveTheBudgetIsWithinIt) {
  ASSERT_GT(0.1 + 0.2, 0.3);
  const Instance instance{{{{0.1, 0}, {1, 9}, 0}, {{0.2, 0}, {1, 9}, 0}}, {1, 1}, Norm::squared};
  EXPECT_EQ(least_cost(instance.problem(), 0.3).assignment, (Assignment{0, 0}));
}

TEST(LeastCost, TakesTheMoreAccurateOfEquallyDearCandidates) {
  LayerCandidates layer{{9, 4, 1}, {10, 10, 30}, 0};
  const Instance instance{{layer}, {0}, Norm::squared};
  EXPECT_EQ(least_cost(instance.problem(), 9).assignment, Assignment{1});
}

TEST(LeastCost, SumsLargeCostsExactly) {
  const std::uint64_t large = (std::uint64_t{1} << 60) - 1;
  const Instance instance{
      {{{4, 1}, {large, large + 1}, 1}, {{1, 0}, {large - 7, large}, 1}}, {0, 0}, Norm::squared};
  const Solution solution = least_cost(instance.problem(), 2);
  EXPECT_EQ(solution.assignment, (Assignment{1, 0}));
  EXPECT_EQ(solution.cost, 2 * large - 6);
}

TEST(LeastCost, LayersMayDifferInTheNumberOfCandidates) {
  const Instance instance{
      {ranks({5}, 100, 0), ranks({9, 8, 7, 6, 5, 4, 3, 2, 1}, 10, 4), ranks({2, 1}, 1000, 1)}};
  const Solution solution = least_cost(instance.problem(), 5 + 5 + 1);
  EXPECT_EQ(solution.assignment, (Assignment{0, 5, 0}));
}

TEST(RelativeBudget, IsWhatAFractionOfEveryNormLeaves) {
  const std::vector<double> squared{4, 9, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_EQ(relative_budget(squared, 0.25, Norm::squared), 0.25 * 13);
  EXPECT_EQ(relative_budget(squared, 0.25, Norm::plain), 0.5 * 5);
}

auto solving(const Instance& instance, double budget = 1) {
  return [=] { least_cost(instance.problem(), budget); };
}

auto fails_with(const char* text) {
  return ThrowsMessage<UsageError>(AllOf(HasSubstr("adaptive: "), HasSubstr(text)));
}

TEST(Solver, NamesTheLayerWhoseCandidatesAreWrong) {
  Instance instance = two_layers();
  instance.layers[1].costs.pop_back();
  EXPECT_THAT(solving(instance), fails_with("layer 1 has 4 errors, but 3 costs"));
  instance = two_layers();
  instance.layers[1].standard = 4;
  EXPECT_THAT(solving(instance), fails_with("layer 1 has candidate 4 as its standard, of 4"));
  instance = two_layers();
  instance.layers[0].squared_errors[3] = -2;
  EXPECT_THAT(solving(instance), fails_with("layer 0 has the error -2"));
  instance = two_layers();
  instance.layers[1] = {};
  EXPECT_THAT(solving(instance), fails_with("layer 1 has no candidates"));
  instance = two_layers();
  instance.layers[1].costs[0] = std::numeric_limits<std::uint64_t>::max() / 8 + 1;
  EXPECT_THAT(solving(instance), fails_with("layer 1 has the cost 2305843009213693952"));
}

TEST(Solver, NamesTheLayerByItsNameIfItHasOne) {
  Instance instance = two_layers();
  instance.layers[1].costs.clear();
  const std::vector<std::string> names{"conv.weight", "fc.weight"};
  Problem problem = instance.problem();
  problem.names = names;
  EXPECT_THAT([&] { least_error(problem, 1); }, fails_with("fc.weight has 4 errors, but 0 costs"));
}

TEST(Solver, NamesWhatIsWrongWithTheProblem) {
  Instance instance = two_layers();
  instance.current = {0};
  EXPECT_THAT(solving(instance), fails_with("is of 1 layers, but there are 2"));
  instance.current = {0, 4};
  EXPECT_THAT(solving(instance), fails_with("layer 1 has no candidate 4"));
  instance = two_layers();
  instance.levels = 0;
  EXPECT_THAT(solving(instance), fails_with("levels"));
  EXPECT_THAT(solving(two_layers(), -1), fails_with("-1"));
  EXPECT_THAT(solving(two_layers(), std::numeric_limits<double>::quiet_NaN()), fails_with("nan"));
}

}  // namespace
}  // namespace pith::test
