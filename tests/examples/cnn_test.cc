// SPDX-License-Identifier: Apache-2.0
#include "fashion_cnn/cnn.h"

#include <algorithm>
#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/random.h>

namespace fashion_mnist {
namespace {

using ::testing::ElementsAreArray;
using ::testing::Not;

constexpr std::size_t kPixels = 28 * 28;

// Four images of noise; another shift, other images.
Batch noise(float shift) {
  const pith::Random random({.seed = 1});
  Batch batch{AlignedVector(4 * kPixels), {3, 9, 0, 3}};
  for (std::size_t i = 0; i < batch.pixels.size(); ++i) batch.pixels[i] = random.uniform(i) + shift;
  return batch;
}

const Dataset kImages{.pixels = kPixels, .images = {}, .labels = {}};

std::vector<float> all_gradients(Cnn& model) {
  std::vector<float> all;
  for (const auto& parameter : model.parameters()) {
    all.insert(all.end(), parameter.gradient.begin(), parameter.gradient.end());
  }
  return all;
}

TEST(Cnn, HasTwentyLayersAndMoreOfVeryDifferentSizes) {
  Cnn model(kImages, 1);
  std::vector<std::size_t> weights;
  for (const auto& parameter : model.parameters()) {
    if (parameter.shape.is_matrix()) weights.push_back(parameter.shape.elements());
  }
  EXPECT_EQ(weights.size(), 23u);
  EXPECT_EQ(*std::ranges::min_element(weights), 400u);
  EXPECT_EQ(*std::ranges::max_element(weights), 262'144u);
  EXPECT_EQ(model.parameter_count(), 543'994u);
}

TEST(Cnn, LearnsFromWhatIsWrittenOverItsGradients) {
  Cnn model(kImages, 1);
  const Batch batch = noise(0);
  const double before = model.compute_gradients(batch).loss;
  for (auto& parameter : model.parameters()) {
    for (std::size_t i = 0; i < parameter.values.size(); ++i) {
      parameter.values[i] -= 0.01f * parameter.gradient[i];
    }
  }
  EXPECT_LT(model.compute_gradients(batch).loss, before);
}

TEST(Cnn, ForgetsTheGradientsOfTheBatchBefore) {
  Cnn model(kImages, 1);
  model.compute_gradients(noise(0));
  const auto first = all_gradients(model);
  const float* const place = model.parameters()[0].gradient.data();
  for (auto& parameter : model.parameters()) std::ranges::fill(parameter.gradient, 1e9f);
  model.compute_gradients(noise(0));
  EXPECT_EQ(all_gradients(model), first);
  EXPECT_EQ(model.parameters()[0].gradient.data(), place);
}

TEST(Cnn, DependsOnTheSeedAlone) {
  const auto weights = [](std::uint64_t seed) {
    Cnn model(kImages, seed);
    const auto values = model.parameters()[0].values;
    return std::vector<float>(values.begin(), values.end());
  };
  EXPECT_THAT(weights(5), ElementsAreArray(weights(5)));
  EXPECT_THAT(weights(5), Not(ElementsAreArray(weights(6))));
}

TEST(Cnn, AveragesTheStatisticsOfItsNormalisation) {
  std::vector<double> apart(2);
  std::vector<double> together(2);
  pith::run_local(2, [&](pith::Communicator& world) {
    const auto rank = static_cast<std::size_t>(world.rank());
    Cnn model(kImages, 1);
    model.compute_gradients(noise(rank == 0 ? 0.0f : 3.0f));
    apart[rank] = model.evaluate(noise(1)).loss;
    model.average_statistics(world);
    together[rank] = model.evaluate(noise(1)).loss;
  });
  EXPECT_NE(apart[0], apart[1]);
  EXPECT_EQ(together[0], together[1]);
}

TEST(Cnn, RefusesImagesOfAnotherSize) {
  EXPECT_THROW(Cnn({.pixels = 40, .images = {}, .labels = {}}, 1), pith::UsageError);
}

}  // namespace
}  // namespace fashion_mnist
