// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/compressors/acp.h>
#include <pith/compressors/lowrank.h>
#include <pith/compressors/rounding.h>
#include <pith/compressors/skinny.h>
#include <pith/core/error.h>
#include <pith/core/vector.h>

#include "compressors/linear_ranks.h"

namespace pith::test {
namespace {

using testing::Each;

template <Element T>
LinearRanks<T> acp_ranks(const Shape& shape, std::size_t rank, std::size_t ranks = 1,
                         ElementType factors = element_type<T>) {
  return {[=] { return std::make_unique<Acp<T>>(shape, rank, factors); }, ranks};
}

template <Element T>
double norm_of(const std::vector<T>& x) {
  return std::sqrt(squared_norm<T>(x));
}

template <Element T>
std::vector<T> state_of(LinearCompressor<T>& compressor, std::size_t number) {
  const auto values = compressor.states().at(number).values;
  return {values.begin(), values.end()};
}

template <Element T>
double accepted_error(LinearRanks<T>& ranks, const std::vector<T>& m, std::uint64_t step) {
  ranks.step({m}, {.step = step});
  const double error = std::sqrt(squared_distance(ranks.reconstruction(), m)) / norm_of(m);
  ranks.accept();
  return error;
}

class AcpWorkedExample : public testing::Test {
 protected:
  AcpWorkedExample() { std::ranges::fill(ranks_[0].states().at(0).values, 1.0); }

  void expect_step_gives(const std::vector<double>& expected) {
    ranks_.step({m_});
    const auto given = ranks_.reconstruction();
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(given[i], expected[i], 1e-15) << i;
    ranks_.accept();
  }

  const std::vector<double> m_{3, 0, 0, 1};
  LinearRanks<double> ranks_ = acp_ranks<double>({2, 2}, 1);
};

// By hand: Q = (1,1), P = (3,1)/sqrt(2); Q = (9,1)/sqrt(10); P = (27,1)/sqrt(82).
TEST_F(AcpWorkedExample, AlternatesBetweenTheFactors) {
  expect_step_gives({1.5, 1.5, 0.5, 0.5});
  expect_step_gives({2.7, 0.3, 0.9, 0.1});
  expect_step_gives({243 / 82.0, 27 / 82.0, 9 / 82.0, 1 / 82.0});
}

TEST_F(AcpWorkedExample, ConvergesToTheBestRankOneMatrix) {
  for (std::uint64_t step = 0; step < 40; ++step) accepted_error(ranks_, m_, step);
  expect_step_gives({3, 0, 0, 0});
}

TEST_F(AcpWorkedExample, RepeatsTheStepBitForBitUntilItIsAccepted) {
  for (int due = 0; due < 2; ++due) {
    const auto basis = state_of(ranks_[0], 0);
    ranks_.step({m_});
    const auto first = ranks_.reconstruction();
    ranks_.step({m_});
    EXPECT_EQ(ranks_.reconstruction(), first);
    EXPECT_EQ(state_of(ranks_[0], 0), basis);
    EXPECT_EQ(state_of(ranks_[0], 1), std::vector<double>{double(due)});
    ranks_.accept();
  }
}

// The promise to those who know PowerSGD: two steps do one power iteration.
TEST(Acp, DoesInTwoStepsOfOneMatrixWhatLowRankDoesInOne) {
  const Shape shape{33, 20};
  auto acp = acp_ranks<double>(shape, 3);
  LinearRanks<double> lowrank([&] { return std::make_unique<LowRank<double>>(shape, 3); }, 1);
  const auto q = gaussian<double>(60, 1), m = gaussian<double>(660, 2);
  std::ranges::copy(q, acp[0].states().at(0).values.begin());
  std::ranges::copy(q, lowrank[0].states().at(0).values.begin());
  lowrank.step({m});
  acp.step({m});
  acp.accept();
  acp.step({m});
  const auto expected = lowrank.reconstruction();
  EXPECT_LT(std::sqrt(squared_distance(acp.reconstruction(), expected)), 1e-12 * norm_of(expected));
}

TEST(Acp, RecoversMatricesOfItsRankInTwoSteps) {
  const Shape shape{33, 20};
  const auto a = gaussian<float>(2 * 33, 7), b = gaussian<float>(2 * 20, 8);
  std::vector<float> m(shape.elements());
  add_product<float>(1, {a, 2, 33}, {b, 2, 20}, m);
  auto ranks = acp_ranks<float>(shape, 4);
  EXPECT_GT(accepted_error(ranks, m, 0), 0.1) << "a random basis";
  EXPECT_LT(accepted_error(ranks, m, 1), 1e-5);
  EXPECT_LT(accepted_error(ranks, m, 2), 1e-5);
}

TEST(Acp, ForgetsAZeroMatrix) {
  auto ranks = acp_ranks<float>({6, 5}, 2);
  const std::vector<float> zeros(30);
  for (std::uint64_t step = 0; step < 2; ++step) {
    ranks.step({zeros}, {.step = step});
    EXPECT_EQ(ranks.reconstruction(), zeros);
    ranks.accept();
  }
  EXPECT_THAT(state_of(ranks[0], 0), Each(0.0f));
  EXPECT_LT(accepted_error(ranks, gaussian<float>(30, 1), 2), 1) << "a new basis";
}

TEST(Acp, ManyRanksStayWithOneOnTheMean) {
  const Shape shape{33, 20};
  auto many = acp_ranks<double>(shape, 3, 4), single = acp_ranks<double>(shape, 3, 1);
  for (std::uint64_t step = 0; step < 10; ++step) {
    const auto inputs = gaussians<double>(4, shape.elements(), step);
    many.step(inputs, {.step = step});
    single.step({mean_of(inputs)}, {.step = step});
    const auto mean = single.reconstruction();
    EXPECT_LT(std::sqrt(squared_distance(many.reconstruction(), mean)), 1e-9 * norm_of(mean));
    many.accept();
    single.accept();
  }
}

// A matrix that is orthogonal to the basis is lost as a whole: no contraction.
TEST(Acp, PromisesNothing) {
  auto ranks = acp_ranks<double>({2, 2}, 1);
  std::ranges::copy(std::vector<double>{1, 0}, ranks[0].states().at(0).values.begin());
  ranks.step({{0, 3, 0, 1}});
  EXPECT_THAT(ranks.reconstruction(), Each(0.0));
  EXPECT_FALSE(ranks[0].guarantee().contraction);
}

TEST(Acp, StateIsTheLastAveragedFactorAndWhichIsDue) {
  auto ranks = acp_ranks<double>({6, 5}, 2, 3);
  for (std::uint64_t step = 0; step < 3; ++step) {
    ranks.step(gaussians<double>(3, 30, step), {.step = step});
    ranks.accept();
    const auto states = ranks[2].states();
    ASSERT_EQ(states.size(), 2u);
    EXPECT_EQ(states[0].name, "basis");
    EXPECT_EQ(states[1].name, "due");
    for (const auto& state : states) {
      EXPECT_EQ(state.scope, Scope::replicated);
      EXPECT_FALSE(state.per_element);
    }
    EXPECT_THAT(states[1].values, testing::ElementsAre(step % 2 == 0 ? 1 : 0));
    const auto mean = mean_of(ranks.sent());
    EXPECT_EQ(mean.size(), step % 2 == 0 ? 12u : 10u);
    EXPECT_THAT(states[0].values.first(mean.size()), testing::ElementsAreArray(mean));
  }
}

TEST(Acp, U5KeepsItsStateIfTheAverageOverflows) {
  auto ranks = acp_ranks<float>({6, 5}, 1);
  for (std::uint64_t step = 0; step < 2; ++step) {
    std::ranges::fill(ranks[0].states().at(0).values, 1.0f);
    const auto basis = state_of(ranks[0], 0), due = state_of(ranks[0], 1);
    ranks.step({std::vector<float>(30, std::numeric_limits<float>::max())}, {.step = step});
    EXPECT_FALSE(all_finite<float>(ranks.sent()[0]));
    ranks.accept();
    EXPECT_EQ(state_of(ranks[0], 0), basis);
    EXPECT_EQ(state_of(ranks[0], 1), due);
    ranks.step({gaussian<float>(30, step)}, {.step = step});
    ranks.accept();
  }
}

TEST(Acp, SixteenBitFactorsAreRoundedBeforeTheyAreAccounted) {
  auto ranks = acp_ranks<float>({33, 20}, 2, 2, ElementType::float16);
  EXPECT_EQ(ranks[0].factor_type(), ElementType::float16);
  for (std::uint64_t step = 0; step < 2; ++step) {
    ranks.step(gaussians<float>(2, 660, step), {.step = step});
    for (const auto& factor : ranks.sent()) {
      auto rounded = factor;
      round_to<float>(ElementType::float16, rounded);
      EXPECT_EQ(rounded, factor);
    }
    const auto mean = ranks.reconstruction();
    const auto own = mean_of<float>({ranks.own(0), ranks.own(1)});
    EXPECT_LT(std::sqrt(squared_distance(own, mean)), 1e-6 * norm_of(mean));
    ranks.accept();
  }
}

TEST(Acp, RejectsWhatIsNoMatrixAndRankZero) {
  const auto message = [](const char* spec, const Shape& shape) -> std::string {
    try {
      make_acp<float>(parse_spec(spec), shape);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  };
  using testing::AllOf, testing::HasSubstr, testing::StartsWith;
  EXPECT_THAT(message("acp(rank=4)", {17}), AllOf(StartsWith("acp"), HasSubstr("17")));
  EXPECT_THROW(Acp<float>(Shape{5, 5}, 0), UsageError);
  for (const char* spec : {"acp", "acp(rank=0)", "acp(rank=1.5)", "acp(rank=4,warm=true)"}) {
    EXPECT_THAT(message(spec, {5, 5}), StartsWith("acp"));
  }
}

}  // namespace
}  // namespace pith::test
