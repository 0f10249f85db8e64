// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/random.h>
#include <pith/reducer/reducer.h>

#include "golden/problems.h"

// Karimireddy et al. 2019: f = x / 4 on [-1, 1], whose stochastic gradient is 4 with probability
// 1/4 and -1 otherwise. The sign of the gradient is -1 more often than not.
namespace pith::test {
namespace {

constexpr std::size_t kCopies = 256;
constexpr int kSteps = 4000;
constexpr double kRate = 0.01;

double drawn(const Random& random, std::uint64_t t, std::size_t copy) {
  return random.below(4, t * kCopies + copy) == 0 ? 4 : -1;
}

// The mean x in the end. The scaled sign of a single number is the number: so this is many copies
// of the problem at once, whose one scale hardly depends on the noise of any of them.
double end_of_descent(const std::string& compressor, const std::string& feedback) {
  Vector x(kCopies);
  run_local(1, [&](Communicator& communicator) {
    TensorRule rule{.compressor = compressor, .feedback = feedback};
    Reducer reducer(communicator, {.rules = {rule}});
    reducer.add("x", Shape{16, 16}, ElementType::float64);
    const Random random({.seed = 4});
    Vector gradient(kCopies);
    for (int t = 0; t < kSteps; ++t) {
      for (std::size_t j = 0; j < kCopies; ++j) {
        gradient[j] = drawn(random, static_cast<std::uint64_t>(t), j);
      }
      reducer.push("x", gradient);
      reducer.wait({.learning_rate = kRate});
      for (std::size_t j = 0; j < kCopies; ++j) {
        x[j] = std::clamp(x[j] - kRate * gradient[j], -1.0, 1.0);
      }
    }
  });
  return std::accumulate(x.begin(), x.end(), 0.0) / kCopies;
}

TEST(T4, TheSignGoesToTheWrongEnd) { EXPECT_GT(end_of_descent("onebit", "none"), 0.9); }

TEST(T4, TheSignWithFeedbackGoesToTheMinimum) {
  EXPECT_LT(end_of_descent("onebit", "ef14"), -0.9);
  EXPECT_LT(end_of_descent("none", "none"), -0.9);  // as plain steps do
}

}  // namespace
}  // namespace pith::test
