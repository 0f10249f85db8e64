// SPDX-License-Identifier: Apache-2.0
#include "fashion_mnist/mlp.h"

#include <cmath>
#include <cstdint>

#include <gmock/gmock.h>

#include "fashion_mnist/softmax.h"

namespace fashion_mnist {
namespace {

using ::testing::ElementsAreArray;
using ::testing::Not;

Batch small_batch() { return {{0.5f, -1.0f, 2.0f, 1.5f, 0.25f, -0.75f}, {3, 9}}; }

double mean_loss(Mlp& model, const Batch& batch) {
  return model.evaluate(batch).loss / static_cast<double>(batch.size());
}

// Central differences of a float loss are good to about 1e-3 at this step; no unit's sign flips.
TEST(Mlp, GradientsAreThoseOfTheMeanLoss) {
  Mlp model({3, 7, 5, kClasses}, 1);
  const Batch batch = small_batch();
  model.compute_gradients(batch);
  constexpr float kStep = 1e-3f;
  for (auto& parameter : model.parameters()) {
    for (std::size_t i = 0; i < parameter.values.size(); ++i) {
      const float value = parameter.values[i];
      parameter.values[i] = value + kStep;
      const double above = mean_loss(model, batch);
      parameter.values[i] = value - kStep;
      const double below = mean_loss(model, batch);
      parameter.values[i] = value;
      ASSERT_NEAR(parameter.gradient[i], (above - below) / (2 * kStep), 2e-3)
          << parameter.name << " " << i;
    }
  }
}

// Eigen's sums begin where memory is aligned: elsewhere, the last bits would tell where that was.
TEST(Mlp, KeepsItsTensorsAligned) {
  Mlp model({3, 7, 5, kClasses}, 1);
  for (const auto& parameter : model.parameters()) {
    for (const float* data : {parameter.values.data(), parameter.gradient.data()}) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % pith::kCacheLine, 0u) << parameter.name;
    }
  }
}

TEST(Mlp, NamesItsTensorsAndCountsThem) {
  Mlp model({784, 512, 256, kClasses}, 0);
  EXPECT_EQ(model.parameter_count(), 535'818u);
  EXPECT_EQ(model.parameters()[0].name, "layer1.weight");
  EXPECT_EQ(model.parameters()[0].shape, (pith::Shape{512, 784}));
  EXPECT_EQ(model.parameters()[5].name, "layer3.bias");
  EXPECT_EQ(model.parameters()[5].shape, pith::Shape{10});
}

TEST(Mlp, StartsWithTheVarianceOfHeAndZeroBiases) {
  Mlp model({784, 512, kClasses}, 0);
  const auto& weights = model.parameters()[0].values;
  double squares = 0;
  for (const float w : weights) squares += w * w;
  EXPECT_NEAR(squares / static_cast<double>(weights.size()), 2.0 / 784, 2e-5);
  EXPECT_THAT(model.parameters()[1].values, ::testing::Each(0.0f));
}

TEST(Mlp, DependsOnTheSeedAlone) {
  Mlp a({3, 4, kClasses}, 5);
  Mlp b({3, 4, kClasses}, 5);
  Mlp c({3, 4, kClasses}, 6);
  EXPECT_THAT(a.parameters()[0].values, ElementsAreArray(b.parameters()[0].values));
  EXPECT_THAT(a.parameters()[0].values, Not(ElementsAreArray(c.parameters()[0].values)));
}

// Two classes with outputs 0 and log 3: probabilities 1/4 and 3/4.
TEST(SoftmaxCrossEntropy, MatchesTheWorkedExample) {
  const std::vector<float> outputs{0.0f, std::log(3.0f)};
  const std::vector<std::uint8_t> labels{0};
  std::vector<float> error(2);
  const Score score = softmax_cross_entropy(outputs, labels, error);
  EXPECT_NEAR(score.loss, std::log(4.0), 1e-6);
  EXPECT_EQ(score.correct, 0);
  EXPECT_NEAR(error[0], -0.75, 1e-6);
  EXPECT_NEAR(error[1], 0.75, 1e-6);
}

TEST(SoftmaxCrossEntropy, StaysFiniteForLargeOutputs) {
  const std::vector<float> outputs{1e4f, 0.0f};
  const std::vector<std::uint8_t> labels{1};
  std::vector<float> error(2);
  EXPECT_FLOAT_EQ(static_cast<float>(softmax_cross_entropy(outputs, labels, error).loss), 1e4f);
}

}  // namespace
}  // namespace fashion_mnist
