// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>

#include "golden/ways.h"

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
        ways_(legal_ways()),
        troubled_(communicator, ways_, options),
        clean_(communicator, ways_, options) {}

  /// Both take a step on the same gradients, and end alike.
  void good_step(std::uint64_t step) {
    for (Trial<float>* trial : {&troubled_, &clean_}) {
      trial->draw(step);
      ASSERT_TRUE(trial->exchange().committed);
    }
    for (std::size_t w = 0; w < ways_.size(); ++w) {
      ASSERT_EQ(bits(troubled_[w]), bits(clean_[w])) << ways_[w].name() << ", step " << step;
    }
    ASSERT_EQ(bits(troubled_.states()), bits(clean_.states())) << "step " << step;
  }

  /// `value` comes up in tensor `way`, on one of the ranks.
  void draw_bad(std::size_t way, float value) {
    troubled_.draw(1000 + way);
    if (rank_ == culprit(way)) troubled_[way][way % troubled_[way].size()] = value;
    drawn_.clear();
    for (std::size_t w = 0; w < ways_.size(); ++w) drawn_.push_back(troubled_[w]);
    before_ = troubled_.states();
  }

  void expect_states_unchanged() { ASSERT_EQ(bits(troubled_.states()), bits(before_)); }
  void expect_gradients_unchanged() {
    for (std::size_t w = 0; w < size(); ++w) ASSERT_EQ(bits(troubled_[w]), bits(drawn_[w]));
  }
  void expect_gradients_are_nan() {
    for (std::size_t w = 0; w < size(); ++w) {
      for (const float value : troubled_[w]) ASSERT_TRUE(std::isnan(value)) << ways_[w].name();
    }
  }

  static std::size_t culprit(std::size_t way) { return way % kRanks; }
  Trial<float>& troubled() { return troubled_; }
  std::size_t size() const { return ways_.size(); }
  const Way& way(std::size_t w) const { return ways_[w]; }

 private:
  std::size_t rank_;
  std::vector<Way> ways_;
  Trial<float> troubled_;
  Trial<float> clean_;
  std::vector<std::vector<float>> drawn_;
  std::vector<float> before_;
};

float bad_value(std::size_t way) {
  constexpr float kValues[] = {kNan, kInfinity, -kInfinity};
  return kValues[way % 3];
}

void expect_that_bad_steps_count_nowhere(const ReducerOptions& options,
                                         void (*bad_step)(Pair&, std::size_t way)) {
  run_local(kRanks, [&](Communicator& communicator) {
    Pair pair(communicator, options);
    std::uint64_t step = 0;
    while (step < 3) pair.good_step(step++);
    for (std::size_t w = 0; w < pair.size(); ++w) {
      pair.draw_bad(w, bad_value(w));
      bad_step(pair, w);
      pair.expect_states_unchanged();
      if (w % 10 == 0) pair.good_step(step++);
    }
    pair.good_step(step);
  });
}

void skipped_step(Pair& pair, std::size_t way) {
  const StepResult result = pair.troubled().exchange();
  EXPECT_FALSE(result.committed);
  EXPECT_THAT(result.reason, HasSubstr(pair.way(way).name()));
  EXPECT_THAT(result.reason, HasSubstr("rank " + std::to_string(Pair::culprit(way))));
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
      {.non_finite = NonFinite::fail}, [](Pair& pair, std::size_t way) {
        try {
          pair.troubled().exchange();
          ADD_FAILURE() << "did not throw";
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), HasSubstr(pair.way(way).name()));
        }
        pair.expect_gradients_unchanged();
      });
}

}  // namespace
}  // namespace pith::test
