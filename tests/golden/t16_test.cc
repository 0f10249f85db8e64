// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/log.h>

#include "golden/descent.h"

// Khirirat et al. 2023: gradients that are clipped for themselves never agree where ranks differ;
// clipped differences reach them.
namespace pith::test {
namespace {

constexpr double kOff = 2;  // steps by which a count may differ
constexpr double kRate = 0.05;

TEST(T16, Clip21ReachesTheMinimum) {
  const Problem problem = heterogeneous();
  const auto x = descend(problem, {{"clip21(norm=1)", kRate, "none"}}, 400).front();
  EXPECT_NEAR(steps_to(1e-10, problem, x), 205, kOff);
}

// The reducer's own clip, before feedback.
double stall_of_clipped_gradients(const Problem& problem) {
  Vector last;
  run_local(static_cast<int>(problem.ranks), [&](Communicator& communicator) {
    Reducer reducer(communicator, {.clip = 1});
    reducer.add("x", Shape{2, 2}, ElementType::float64);
    Vector x = problem.start;
    for (std::uint64_t t = 0; t < 4000; ++t) {
      Vector estimate = problem.gradient(static_cast<std::size_t>(communicator.rank()), t, x);
      reducer.push("x", estimate);
      EXPECT_TRUE(reducer.wait().committed);
      for (std::size_t j = 0; j < x.size(); ++j) x[j] -= kRate * estimate[j];
    }
    if (communicator.rank() == 0) last = x;
  });
  return norm(mean_gradient(problem, last));
}

TEST(T16, ClippedGradientsStall) {
  set_log_level(LogLevel::none);
  EXPECT_NEAR(stall_of_clipped_gradients(heterogeneous()), 1.402, 0.0005);
}

}  // namespace
}  // namespace pith::test
