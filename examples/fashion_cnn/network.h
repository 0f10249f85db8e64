// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <torch/torch.h>

namespace fashion_mnist {

/// Two convolutions of 3 x 3 around which the input passes by (He et al. 2016), each with batch
/// normalisation:
///
///   y = relu(norm(W2 * relu(norm(W1 * x))) + x)
///
/// Shapes   x: n x inputs x h x w; y: n x outputs x h/stride x w/stride, rounded up. Where they
///          differ, the input passes by through a convolution of 1 x 1.
class ResidualBlock final : public torch::nn::Module {
 public:
  ResidualBlock(std::int64_t inputs, std::int64_t outputs, std::int64_t stride);

  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Conv2d first_, second_, shortcut_{nullptr};
  torch::nn::BatchNorm2d first_norm_, second_norm_;
};

/// 20 convolutions of the sizes of a small residual network, two shortcuts and two fully connected
/// layers: tensors from 400 to 262,144 weights, 535,130 parameters in all.
///
///   28 x 28 -> stem, 5 x 5, stride 2, and the largest of 2 x 2 -> 16 x 7 x 7 -> 3 blocks
///   -> 3 blocks -> 32 x 4 x 4 -> 3 blocks -> 64 x 2 x 2 -> wide, 1024 -> output, 10
class Network final : public torch::nn::Module {
 public:
  static constexpr std::int64_t kSide = 28;

  Network();

  /// Shapes   images: n x 1 x 28 x 28; returns n x 10.
  torch::Tensor forward(const torch::Tensor& images);

 private:
  torch::nn::Conv2d stem_;
  torch::nn::BatchNorm2d stem_norm_;
  torch::nn::Sequential blocks_;
  torch::nn::Linear wide_, output_;
};

}  // namespace fashion_mnist
