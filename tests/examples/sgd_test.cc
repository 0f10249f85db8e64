// SPDX-License-Identifier: Apache-2.0
#include "fashion_mnist/sgd.h"

#include <gmock/gmock.h>

namespace fashion_mnist {
namespace {

TEST(LearningRate, RisesToItsPeakAndFallsToZero) {
  EXPECT_DOUBLE_EQ(learning_rate(0.8, 100, 1100, 0), 0.008);
  EXPECT_DOUBLE_EQ(learning_rate(0.8, 100, 1100, 99), 0.8);
  EXPECT_DOUBLE_EQ(learning_rate(0.8, 100, 1100, 100), 0.8);
  EXPECT_DOUBLE_EQ(learning_rate(0.8, 100, 1100, 600), 0.4);
  EXPECT_NEAR(learning_rate(0.8, 100, 1100, 1099), 0, 1e-5);
}

TEST(LearningRate, MayDoWithoutWarmUpOrWithNothingElse) {
  EXPECT_DOUBLE_EQ(learning_rate(0.8, 0, 10, 0), 0.8);
  EXPECT_DOUBLE_EQ(learning_rate(0.8, 10, 5, 4), 0.4);
}

// v = 1, then 0.5 + 2: x = 10 - 0.5 - 1.25
TEST(Sgd, AddsMomentumAsAHeavyBall) {
  std::vector<float> x{10.0f};
  std::vector<float> g{1.0f};
  std::vector<Parameter> parameters{{"x", {1}, x, g}};
  Sgd sgd(parameters, 0.5);
  sgd.step(0.5);
  EXPECT_EQ(x[0], 9.5f);
  g[0] = 2.0f;
  sgd.step(0.5);
  EXPECT_EQ(x[0], 8.25f);
}

}  // namespace
}  // namespace fashion_mnist
