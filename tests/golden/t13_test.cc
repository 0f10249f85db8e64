// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>

#include "golden/trial.h"

// What states() lists is all that a run depends on, but for the number of its steps.
namespace pith::test {
namespace {

constexpr int kRanks = 3;
constexpr std::uint64_t kBefore = 7;
constexpr std::uint64_t kAfter = 12;

StepOptions step_options(std::uint64_t t) {
  return {.learning_rate = 0.1 / (1.0 + static_cast<double>(t / 3))};
}

// A run that has seen other gradients for as many steps goes on as the first one once it has been
// given its states.
template <Element T>
void expect_restarts() {
  const auto cases = all_cases();
  run_local(kRanks, [&](Communicator& communicator) {
    Trial<T> first(communicator, cases);
    Trial<T> other(communicator, cases);
    for (std::uint64_t t = 0; t < kBefore; ++t) {
      first.draw(t);
      other.draw(1000 + t);
      ASSERT_TRUE(first.exchange(step_options(t)).committed);
      ASSERT_TRUE(other.exchange(step_options(t + 50)).committed);
    }
    EXPECT_NE(other.states(), first.states());
    other.take_states_of(first);
    for (std::uint64_t t = kBefore; t < kAfter; ++t) {
      first.draw(t);
      other.draw(t);
      ASSERT_TRUE(first.exchange(step_options(t)).committed);
      ASSERT_TRUE(other.exchange(step_options(t)).committed);
      for (std::size_t i = 0; i < cases.size(); ++i) {
        EXPECT_EQ(other[i], first[i]) << name_of(cases[i]) << ", step " << t;
      }
    }
    EXPECT_EQ(other.states(), first.states());
  });
}

TEST(T13, ARestartTakesTheSameSteps) {
  expect_restarts<float>();
  expect_restarts<double>();
}

}  // namespace
}  // namespace pith::test
