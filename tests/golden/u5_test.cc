// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/vector.h>

#include "golden/trial.h"

// Non-finite gradients: a NaN or an infinity on one rank leaves every state on every rank bit for
// bit, and the steps after it are those of a reducer that never saw it.
namespace pith::test {
namespace {

using testing::HasSubstr;

constexpr int kRanks = 3;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<std::uint32_t> bits(const std::vector<float>& x) {
  std::vector<std::uint32_t> out(x.size());
  std::ranges::transform(x, out.begin(), [](float v) { return std::bit_cast<std::uint32_t>(v); });
  return out;
}

/// A reducer that meets bad gradients and one that does not, on one rank.
class Pair {
 public:
  Pair(Communicator& communicator, const ReducerOptions& options)
      : rank_(static_cast<std::size_t>(communicator.rank())),
        cases_(all_cases()),
        troubled_(communicator, cases_, options),
        clean_(communicator, cases_, options) {}

  /// Both take a step on the same gradients, and end alike.
  void good_step(std::uint64_t step) {
    for (Trial<float>* trial : {&troubled_, &clean_}) {
      trial->draw(step);
      ASSERT_TRUE(trial->exchange().committed);
    }
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      ASSERT_EQ(bits(troubled_[i]), bits(clean_[i])) << name_of(cases_[i]) << ", step " << step;
    }
    ASSERT_EQ(bits(troubled_.states()), bits(clean_.states())) << "step " << step;
  }

  /// `value` comes up in tensor `number`, on one of the ranks.
  void draw_bad(std::size_t number, float value) {
    troubled_.draw(1000 + number);
    if (rank_ == culprit(number)) troubled_[number][number % troubled_[number].size()] = value;
    drawn_.clear();
    for (std::size_t i = 0; i < cases_.size(); ++i) drawn_.push_back(troubled_[i]);
    before_ = troubled_.states();
  }

  void expect_states_unchanged() { ASSERT_EQ(bits(troubled_.states()), bits(before_)); }
  void expect_gradients_unchanged() {
    for (std::size_t i = 0; i < size(); ++i) ASSERT_EQ(bits(troubled_[i]), bits(drawn_[i]));
  }
  void expect_gradients_are_nan() {
    for (std::size_t i = 0; i < size(); ++i) {
      for (const float value : troubled_[i]) ASSERT_TRUE(std::isnan(value)) << name_of(cases_[i]);
    }
  }

  static std::size_t culprit(std::size_t number) { return number % kRanks; }
  Trial<float>& troubled() { return troubled_; }
  std::size_t size() const { return cases_.size(); }
  const LegalCase& legal(std::size_t i) const { return cases_[i]; }

 private:
  std::size_t rank_;
  std::vector<LegalCase> cases_;
  Trial<float> troubled_;
  Trial<float> clean_;
  std::vector<std::vector<float>> drawn_;
  std::vector<float> before_;
};

float bad_value(std::size_t number) {
  constexpr float kValues[] = {kNan, kInfinity, -kInfinity};
  return kValues[number % 3];
}

void expect_that_bad_steps_count_nowhere(const ReducerOptions& options,
                                         void (*bad_step)(Pair&, std::size_t number)) {
  run_local(kRanks, [&](Communicator& communicator) {
    Pair pair(communicator, options);
    std::uint64_t step = 0;
    while (step < 3) pair.good_step(step++);
    for (std::size_t i = 0; i < pair.size(); ++i) {
      pair.draw_bad(i, bad_value(i));
      bad_step(pair, i);
      pair.expect_states_unchanged();
      if (i % 10 == 0) pair.good_step(step++);
    }
    pair.good_step(step);
  });
}

void skipped_step(Pair& pair, std::size_t number) {
  const StepResult result = pair.troubled().exchange();
  EXPECT_FALSE(result.committed);
  EXPECT_THAT(result.reason, HasSubstr(name_of(pair.legal(number))));
  EXPECT_THAT(result.reason, HasSubstr("rank " + std::to_string(Pair::culprit(number))));
  pair.expect_gradients_unchanged();
}

TEST(U5, SkipLeavesStatesAndGradients) {
  expect_that_bad_steps_count_nowhere({.non_finite = NonFinite::skip}, skipped_step);
}

TEST(U5, SkipLeavesStatesAndGradientsWithOneCopyOfTheState) {
  expect_that_bad_steps_count_nowhere({.commit = Commit::inplace, .non_finite = NonFinite::skip},
                                      skipped_step);
}

TEST(U5, PropagateLeavesStatesAndMakesEveryGradientNan) {
  expect_that_bad_steps_count_nowhere({.non_finite = NonFinite::propagate},
                                      [](Pair& pair, std::size_t) {
                                        EXPECT_FALSE(pair.troubled().exchange().committed);
                                        pair.expect_gradients_are_nan();
                                      });
}

TEST(U5, FailLeavesStatesAndThrowsOnEveryRank) {
  expect_that_bad_steps_count_nowhere(
      {.non_finite = NonFinite::fail}, [](Pair& pair, std::size_t number) {
        try {
          pair.troubled().exchange();
          ADD_FAILURE() << "did not throw";
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), HasSubstr(name_of(pair.legal(number))));
        }
        pair.expect_gradients_unchanged();
      });
}

bool finite(const std::vector<float>& x) { return all_finite(std::span<const float>(x)); }

TEST(U5, AnOverflowingSumPoisonsNothing) {
  for (const LegalCase& legal : all_cases()) {
    SCOPED_TRACE(name_of(legal));
    run_local(2, [&](Communicator& communicator) {
      Trial<float> trial(communicator, {legal});
      trial.draw(0);
      trial[0][5] = 3e38f;  // on both ranks: finite, but not their sum
      const bool committed = trial.exchange().committed;
      EXPECT_TRUE(!committed || finite(trial[0]));
      EXPECT_TRUE(finite(trial.states()));
    });
  }
}

}  // namespace
}  // namespace pith::test
