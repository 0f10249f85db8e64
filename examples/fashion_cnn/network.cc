// SPDX-License-Identifier: Apache-2.0
#include "network.h"

#include <memory>

#include "fashion_mnist/dataset.h"

namespace fashion_mnist {
namespace {

constexpr std::int64_t kStemChannels = 16;
constexpr std::int64_t kStageChannels[] = {16, 32, 64};
constexpr int kBlocksPerStage = 3;
constexpr std::int64_t kLastSide = 2;
constexpr std::int64_t kWide = 1024;

// Without biases: the normalisation that follows has its own.
torch::nn::Conv2d convolution(std::int64_t inputs, std::int64_t outputs, std::int64_t kernel,
                              std::int64_t stride) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(inputs, outputs, kernel)
                               .stride(stride)
                               .padding(kernel / 2)
                               .bias(false));
}

torch::nn::Sequential residual_blocks() {
  torch::nn::Sequential blocks;
  std::int64_t inputs = kStemChannels;
  for (const std::int64_t outputs : kStageChannels) {
    for (int b = 0; b < kBlocksPerStage; ++b) {
      blocks->push_back(ResidualBlock(inputs, outputs, inputs == outputs ? 1 : 2));
      inputs = outputs;
    }
  }
  return blocks;
}

}  // namespace

ResidualBlock::ResidualBlock(std::int64_t inputs, std::int64_t outputs, std::int64_t stride)
    : first_(register_module("first", convolution(inputs, outputs, 3, stride))),
      second_(register_module("second", convolution(outputs, outputs, 3, 1))),
      first_norm_(register_module("first_norm", torch::nn::BatchNorm2d(outputs))),
      second_norm_(register_module("second_norm", torch::nn::BatchNorm2d(outputs))) {
  if (inputs == outputs && stride == 1) return;
  shortcut_ = register_module("shortcut", convolution(inputs, outputs, 1, stride));
}

torch::Tensor ResidualBlock::forward(const torch::Tensor& x) {
  const torch::Tensor y = torch::relu(first_norm_(first_(x)));
  const torch::Tensor past = shortcut_.is_empty() ? x : shortcut_(x);
  return torch::relu(second_norm_(second_(y)) + past);
}

Network::Network()
    : stem_(register_module("stem", convolution(1, kStemChannels, 5, 2))),
      stem_norm_(register_module("stem_norm", torch::nn::BatchNorm2d(kStemChannels))),
      blocks_(register_module("blocks", residual_blocks())),
      wide_(register_module(
          "wide", torch::nn::Linear(
                      torch::nn::LinearOptions(kStageChannels[2] * kLastSide * kLastSide, kWide)
                          .bias(false)))),
      output_(register_module("output",
                              torch::nn::Linear(kWide, static_cast<std::int64_t>(kClasses)))) {}

torch::Tensor Network::forward(const torch::Tensor& images) {
  const torch::Tensor stem = torch::max_pool2d(torch::relu(stem_norm_(stem_(images))), 2);
  const torch::Tensor features = blocks_->forward(stem).flatten(1);
  return output_(torch::relu(wide_(features)));
}

}  // namespace fashion_mnist
