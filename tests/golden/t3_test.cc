// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/reducer/reducer.h>

#include "golden/problems.h"

// Karimireddy et al. 2019: the sign of a gradient of f = |x1 + x2| / 2 + |x1 - x2| always lies
// along (1, -1), so without feedback x1 + x2 never changes and f stays above its start on that
// line.
namespace pith::test {
namespace {

double value(const Vector& x) { return std::abs(x[0] + x[1]) / 2 + std::abs(x[0] - x[1]); }

Vector subgradient(const Vector& x) {
  const double along = x[0] + x[1] >= 0 ? 0.5 : -0.5;
  const double across = x[0] - x[1] >= 0 ? 1 : -1;
  return {along + across, along - across};
}

struct Best {
  double after_500 = std::numeric_limits<double>::infinity();
  double after_5000 = std::numeric_limits<double>::infinity();
  double largest_drift = 0;  // of x1 + x2 from 2
};

// Steps of 0.1 / sqrt(t) with the scaled sign.
Best descend_by_sign(const std::string& feedback) {
  Best best;
  run_local(1, [&](Communicator& communicator) {
    TensorRule rule{.compressor = "onebit", .feedback = feedback, .exchange = "gather"};
    Reducer reducer(communicator, {.rules = {rule}});
    reducer.add("x", Shape{2}, ElementType::float64);
    Vector x{1, 1};
    for (int t = 1; t <= 5000; ++t) {
      const double rate = 0.1 / std::sqrt(t);
      Vector gradient = subgradient(x);
      reducer.push("x", gradient);
      reducer.wait({.learning_rate = rate});
      for (std::size_t j = 0; j < 2; ++j) x[j] -= rate * gradient[j];
      best.after_5000 = std::min(best.after_5000, value(x));
      if (t <= 500) best.after_500 = best.after_5000;
      best.largest_drift = std::max(best.largest_drift, std::abs(x[0] + x[1] - 2));
    }
  });
  return best;
}

TEST(T3, TheSignWithoutFeedbackNeverLeavesItsLine) {
  const Best best = descend_by_sign("none");
  EXPECT_LT(best.largest_drift, 1e-12);
  EXPECT_GE(best.after_5000, 0.999);
}

TEST(T3, TheSignWithFeedbackFindsTheMinimum) {
  const Best best = descend_by_sign("ef14");
  EXPECT_LT(best.after_500, 1e-3);
  EXPECT_NEAR(best.after_500, 5.5e-4, 0.05e-4);
  EXPECT_NEAR(best.after_5000, 1.7e-10, 0.05e-10);
}

}  // namespace
}  // namespace pith::test
