// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/compressors/registry.h>
#include <pith/core/bytes.h>
#include <pith/reducer/reducer.h>

#include "tools/published_models.h"

// Sizes of messages that papers give for whole models, against what the communicator counts when a
// reducer exchanges the layers of these models. Nothing is subtracted: heads, directories, padding,
// size records, signatures and the agreement are in it.
namespace pith::bench {
namespace {

void push_all(const std::vector<Layer>& layers, std::span<float> gradient, Reducer& reducer) {
  for (const Layer& layer : layers) {
    reducer.push(layer.name, gradient.first(layer.shape.elements()));
    gradient = gradient.subspan(layer.shape.elements());
  }
}

/// What one of two ranks sends in its second step. With two, each operation moves as many bytes as
/// the rank's own message or array has, which is what papers count.
std::uint64_t bytes_of_a_step(const std::vector<Layer>& layers, const std::string& compressor) {
  std::uint64_t bytes = 0;
  run_local(2, [&](Communicator& communicator) {
    Reducer reducer(communicator,
                    {.compressor = compressor, .commit = Commit::inplace, .statistics_every = 0});
    for (const Layer& layer : layers) reducer.add(layer.name, layer.shape);
    std::vector<float> gradient = noise(parameters(layers), communicator.rank());
    push_all(layers, gradient, reducer);
    ASSERT_TRUE(reducer.wait().committed);  // compares the registration, learns the order: once
    push_all(layers, gradient, reducer);
    const std::uint64_t before = communicator.wire_bytes();
    ASSERT_TRUE(reducer.wait().committed);
    if (communicator.rank() == 0) bytes = communicator.wire_bytes() - before;
  });
  return bytes;
}

double ratio(const std::string& model, const std::string& compressor) {
  const auto layers = layers_of(model);
  const auto bytes = static_cast<double>(bytes_of_a_step(layers, compressor));
  const double ratio = 4.0 * static_cast<double>(parameters(layers)) / bytes;
  testing::Test::RecordProperty(model + " " + compressor, std::to_string(ratio));
  return ratio;
}

TEST(Layers, HaveAsManyParametersAsTheirModels) {
  const auto expect = [](const char* model, std::size_t all, std::size_t in_vectors) {
    EXPECT_EQ(parameters(layers_of(model)), all) << model;
    EXPECT_EQ(parameters(layers_of(model), true), in_vectors) << model;
  };
  expect("resnet50", 25'557'032, 54'120);
  expect("alexnet", 60'965'224, 10'568);
  expect("resnet18_cifar10", 11'173'962, 9'610);
  expect("lstm_ptb", 51'034'000, 34'000);
  expect("lstm_wikitext2", 28'949'319, 44'469);
  expect("vgg16", 138'357'544, 13'416);
  expect("bert_base", 109'482'240, 122'112);
  expect("gpt2", 124'439'808, 121'344);
}

// Lin et al., Deep Gradient Compression, ICLR 2018: 0.1 % of every layer, 32-bit values and 16-bit
// runs; vectors travel as they are.
constexpr const char* kDeepGradientCompression = "topk(density=0.001,index=runs16)";

TEST(Dgc, E7SendsResNet50At277Times) {
  EXPECT_WITHIN_1_PERCENT(ratio("resnet50", kDeepGradientCompression), 277);
}

TEST(Dgc, E7SendsAlexNetAt597Times) {
  EXPECT_WITHIN_1_PERCENT(ratio("alexnet", kDeepGradientCompression), 597);
}

TEST(Dgc, E7SendsTheLstmOfThePennTreebankAt462Times) {
  EXPECT_WITHIN_1_PERCENT(ratio("lstm_ptb", kDeepGradientCompression), 462);
}

/// Bytes of kept values and of their runs, and of vectors, without the 16 in front of each message
/// and its padding, in MiB.
double payload_of_kept_weights(const std::string& model) {
  const auto layers = layers_of(model);
  double bytes = 0;
  Scratch scratch;
  for (const Layer& layer : layers) {
    const std::size_t n = layer.shape.elements();
    if (!layer.shape.is_matrix()) {
      bytes += sizeof(float) * static_cast<double>(n);
      continue;
    }
    const auto codec = make_message<float>(parse_pipeline(kDeepGradientCompression), layer.shape);
    std::vector<std::byte> wire(codec->max_wire_bytes(n, 1));
    const std::vector<std::size_t> cuts{0, n};
    std::vector<std::size_t> sizes(1);
    codec->encode(noise(n, 0), cuts, {}, {wire, sizes}, scratch);
    const std::span<const std::byte> head(wire);
    const auto indices = load<std::uint64_t>(head, 1) >> 8;  // below them the coder's number
    bytes += sizeof(float) * static_cast<double>(load<std::uint32_t>(head, 0));
    bytes += static_cast<double>(indices);
  }
  return bytes / (1 << 20);
}

TEST(Dgc, E7KeptWeightsTakeSixBytes) {
  EXPECT_NEAR(payload_of_kept_weights("resnet50"), 0.3524, 0.001);
  EXPECT_NEAR(payload_of_kept_weights("alexnet"), 0.3891, 0.001);
  EXPECT_NEAR(payload_of_kept_weights("lstm_ptb"), 0.4215, 0.001);
}

// Vogels et al., PowerSGD, NeurIPS 2019: vectors travel as they are.
TEST(PowerSgd, E5SendsResNet18At243And136And72Times) {
  EXPECT_WITHIN_1_PERCENT(ratio("resnet18_cifar10", "lowrank(rank=1)"), 243);
  EXPECT_WITHIN_1_PERCENT(ratio("resnet18_cifar10", "lowrank(rank=2)"), 136);
  EXPECT_WITHIN_1_PERCENT(ratio("resnet18_cifar10", "lowrank(rank=4)"), 72);
}

TEST(PowerSgd, E5SendsTheLstmOfWikiText2At310And203And120Times) {
  EXPECT_WITHIN_1_PERCENT(ratio("lstm_wikitext2", "lowrank(rank=1)"), 310);
  EXPECT_WITHIN_1_PERCENT(ratio("lstm_wikitext2", "lowrank(rank=2)"), 203);
  EXPECT_WITHIN_1_PERCENT(ratio("lstm_wikitext2", "lowrank(rank=4)"), 120);
}

}  // namespace
}  // namespace pith::bench
