// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/compressors/lowrank.h>
#include <pith/compressors/rounding.h>
#include <pith/compressors/skinny.h>
#include <pith/core/error.h>
#include <pith/core/vector.h>

#include "compressors/linear_ranks.h"

namespace pith::test {
namespace {

template <Element T>
LinearRanks<T> lowrank_ranks(const Shape& shape, std::size_t rank, std::size_t ranks = 1,
                             ElementType factors = element_type<T>) {
  return {
      [=] { return std::make_unique<LowRank<T>>(shape, rank, LowRank<T>::Start::warm, factors); },
      ranks};
}

template <Element T>
double norm_of(const std::vector<T>& x) {
  return std::sqrt(squared_norm<T>(x));
}

/// a b^T summed over r random pairs: a matrix of rank r.
template <Element T>
std::vector<T> matrix_of_rank(const Shape& shape, std::size_t r, std::uint64_t seed) {
  const auto a = gaussian<T>(r * shape.rows(), seed),
             b = gaussian<T>(r * shape.columns(), seed + 1);
  std::vector<T> m(shape.elements());
  add_product<T>(1, {a, r, shape.rows()}, {b, r, shape.columns()}, m);
  return m;
}

class PowerSgdExample : public testing::Test {
 protected:
  PowerSgdExample() { std::ranges::fill(ranks_[0].states().at(0).values, 1.0); }

  void expect_step_gives(const std::vector<double>& expected, double tolerance) {
    ranks_.step({m_});
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(ranks_.reconstruction()[i], expected[i], tolerance);
    ranks_.accept();
  }

  const std::vector<double> m_{3, 0, 0, 1};
  LinearRanks<double> ranks_ = lowrank_ranks<double>({2, 2}, 1);
};

// By hand: Q = (1,1), P = (3,1)/sqrt(10), Q = (9,1)/sqrt(10); then P = (27,1)/sqrt(730).
TEST_F(PowerSgdExample, E1PowerIterationStartsWarm) {
  expect_step_gives({2.7, 0.3, 0.9, 0.1}, 1e-15);
  EXPECT_NEAR(squared_distance(ranks_.reconstruction(), m_), 1.8, 1e-14);
  expect_step_gives({2187 / 730.0, 27 / 730.0, 81 / 730.0, 1 / 730.0}, 1e-15);
}

TEST_F(PowerSgdExample, E1ConvergesToTheBestRankOneMatrix) {
  for (int step = 0; step < 20; ++step) {
    ranks_.step({m_});
    ranks_.accept();
  }
  expect_step_gives({3, 0, 0, 0}, 1e-15);
  EXPECT_NEAR(squared_distance(ranks_.reconstruction(), m_), 1, 1e-15);
}

TEST_F(PowerSgdExample, RepeatsTheStepBitForBitUntilItIsAccepted) {
  ranks_.step({m_});
  const auto first = ranks_.reconstruction();
  ranks_.step({m_});
  EXPECT_EQ(ranks_.reconstruction(), first);
  EXPECT_THAT(ranks_[0].states().at(0).values, testing::Each(1.0));
}

TEST(PowerSgd, E2RecoversMatricesOfItsRankInOneStep) {
  const Shape shape{33, 20};
  for (const std::size_t r : {1u, 2u, 4u}) {
    auto ranks = lowrank_ranks<float>(shape, 4);
    const auto m = matrix_of_rank<float>(shape, r, 7);
    ranks.step({m});
    EXPECT_LT(std::sqrt(squared_distance(ranks.reconstruction(), m)), 1e-5 * norm_of(m)) << r;
  }
}

TEST(PowerSgd, E3ManyRanksStayWithOneOnTheMeanWhileWarm) {
  const Shape shape{33, 20};
  auto many = lowrank_ranks<double>(shape, 3, 4), single = lowrank_ranks<double>(shape, 3, 1);
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

// The condition behind "no uniform alpha": a projection never errs by more than its input, and the
// warm start reaches the best error, that of the largest singular values.
TEST(LowRank, T11ErrsBetweenTheBestRankRMatrixAndTheInput) {
  const Shape shape{8, 6};
  auto ranks = lowrank_ranks<double>(shape, 2);
  std::vector<double> m(48);
  for (std::size_t i = 0; i < 6; ++i) m[i * 6 + i] = static_cast<double>(6 - i);
  const double best = 16 + 9 + 4 + 1;
  for (std::uint64_t step = 0; step < 60; ++step) {
    ranks.step({m}, {.step = step});
    const double error = squared_distance(ranks.reconstruction(), m);
    EXPECT_GE(error, best - 1e-9);
    EXPECT_LE(error, squared_norm<double>(m));
    ranks.accept();
  }
  EXPECT_NEAR(squared_distance(ranks.reconstruction(), m), best, 1e-9);
  EXPECT_FALSE(ranks[0].guarantee().contraction);
}

TEST(LowRank, ReconstructsExactlyIfTheRankIsASideOfTheMatrix) {
  for (const Shape& shape : {Shape{2, 9}, Shape{9, 2}, Shape{2, 2}, Shape{1, 5}, Shape{5, 1}}) {
    auto ranks = lowrank_ranks<double>(shape, 4);
    EXPECT_EQ(ranks[0].guarantee().contraction, 1.0);
    for (std::uint64_t step = 0; step < 4; ++step) {
      // The second matrix has nothing in common with the Q that the first one left.
      std::vector<double> m(shape.elements());
      for (std::size_t i = 0; i < m.size(); ++i) m[i] = i % 2 == step % 2 ? double(i + 1) : 0.0;
      ranks.step({m}, {.step = step});
      EXPECT_LT(squared_distance(ranks.reconstruction(), m), 1e-20 * squared_norm<double>(m))
          << shape.text() << " " << step;
      ranks.accept();
    }
  }
}

TEST(PowerSgd, E6ForgetsAZeroMatrix) {
  const Shape shape{33, 20};
  auto ranks = lowrank_ranks<float>(shape, 3);
  const auto m = matrix_of_rank<float>(shape, 3, 5);
  ranks.step({std::vector<float>(m.size())}, {.step = 0});
  EXPECT_THAT(ranks.reconstruction(), testing::Each(0.0f));
  ranks.accept();
  ranks.step({m}, {.step = 1});
  EXPECT_LT(std::sqrt(squared_distance(ranks.reconstruction(), m)), 1e-5 * norm_of(m));
}

// The first matrix has two equal columns and nothing else; the direction that it left unused must
// not be lost for those that follow.
TEST(PowerSgd, E7FindsNewDirectionsAfterARankDeficientMatrix) {
  const Shape shape{12, 10};
  auto ranks = lowrank_ranks<double>(shape, 2);
  std::vector<double> deficient(120);
  for (std::size_t i = 0; i < 12; ++i) deficient[i * 10] = deficient[i * 10 + 1] = double(i) - 4;
  ranks.step({deficient}, {.step = 0});
  EXPECT_LT(squared_distance(ranks.reconstruction(), deficient), 1e-20);
  ranks.accept();
  const auto m = matrix_of_rank<double>(shape, 2, 3);
  ranks.step({m}, {.step = 1});
  EXPECT_LT(std::sqrt(squared_distance(ranks.reconstruction(), m)), 1e-9 * norm_of(m));
}

TEST(LowRank, U5KeepsItsStateIfTheAverageOverflows) {
  auto ranks = lowrank_ranks<float>({6, 5}, 2);
  ranks.step({gaussian<float>(30, 1)});
  ranks.accept();
  const auto state = ranks[0].states().at(0).values;
  const std::vector<float> before(state.begin(), state.end());
  ranks.step({std::vector<float>(30, std::numeric_limits<float>::max())}, {.step = 1});
  EXPECT_FALSE(all_finite<float>(ranks.reconstruction()));
  ranks.accept();
  EXPECT_EQ(std::vector<float>(state.begin(), state.end()), before);
}

TEST(LowRank, StateIsTheAveragedQOnEveryRank) {
  auto ranks = lowrank_ranks<double>({6, 5}, 2, 3);
  EXPECT_THAT(ranks[0].states().at(0).values, testing::Each(0.0));
  ranks.step(gaussians<double>(3, 30, 1));
  ranks.accept();
  const auto states = ranks[2].states();
  ASSERT_EQ(states.size(), 1u);
  EXPECT_EQ(states[0].name, "q");
  EXPECT_EQ(states[0].scope, Scope::replicated);
  EXPECT_FALSE(states[0].per_element);
  const auto mean = mean_of<double>({ranks.sent()[3], ranks.sent()[4], ranks.sent()[5]});
  EXPECT_THAT(states[0].values, testing::ElementsAreArray(mean));
}

TEST(LowRank, StartsColdInEveryStepIfAsked) {
  LinearRanks<float> ranks(
      [] {
        return make_lowrank<float>(parse_spec("lowrank(rank=1,warm=false)"), Shape{6, 5});
      },
      1);
  EXPECT_TRUE(ranks[0].states().empty());
  const auto inputs = gaussians<float>(1, 30, 1);
  ranks.step(inputs, {.step = 0});
  const auto first = ranks.reconstruction();
  ranks.accept();
  ranks.step(inputs, {.step = 1});
  EXPECT_NE(ranks.reconstruction(), first) << "another Q";
  ranks.step(inputs, {.step = 0});
  EXPECT_EQ(ranks.reconstruction(), first) << "not a better one";
}

TEST(LowRank, SixteenBitFactorsAreRoundedBeforeTheyAreAccounted) {
  auto ranks = lowrank_ranks<float>({33, 20}, 2, 2, ElementType::float16);
  ranks.step(gaussians<float>(2, 660, 1));
  for (const auto& factor : ranks.sent()) {
    auto rounded = factor;
    round_to<float>(ElementType::float16, rounded);
    EXPECT_EQ(rounded, factor);
  }
  EXPECT_EQ(ranks[0].factor_type(), ElementType::float16);
  const Vectors<float> own{ranks.own(0), ranks.own(1)};
  const auto mean = ranks.reconstruction();
  EXPECT_LT(std::sqrt(squared_distance(mean_of(own), mean)), 1e-6 * norm_of(mean));
}

TEST(LowRank, RejectsWhatIsNoMatrixAndRankZero) {
  const auto message = [](const char* spec, const Shape& shape) -> std::string {
    try {
      make_lowrank<float>(parse_spec(spec), shape);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  };
  using testing::AllOf, testing::HasSubstr, testing::StartsWith;
  EXPECT_THAT(message("lowrank(rank=4)", {17}), AllOf(StartsWith("lowrank"), HasSubstr("17")));
  EXPECT_THAT(message("lowrank(rank=4)", {}), HasSubstr("scalar"));
  for (const char* spec : {"lowrank", "lowrank(rank=0)", "lowrank(rank=1.5)",
                           "lowrank(rank=4,warm=maybe)", "lowrank(rank=4,iterations=2)"}) {
    EXPECT_THAT(message(spec, {5, 5}), StartsWith("lowrank"));
  }
}

}  // namespace
}  // namespace pith::test
