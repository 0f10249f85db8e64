// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "aligned_vector.h"
#include "model.h"

namespace fashion_mnist {

/// Multi-layer perceptron: fully connected layers with ReLU between them, softmax cross-entropy.
///
///   h_0 = x,  h_l = max(0, W_l h_{l-1} + b_l),  loss = -log softmax(W_L h_{L-1} + b_L)[label]
///
/// Shapes   W_l: widths[l] x widths[l-1]; b_l: widths[l].
/// Start    W_l normal with variance 2 / widths[l-1] (He et al. 2015), b_l zero.
/// Threads  none of its own.
class Mlp final : public Model {
 public:
  Mlp(const std::vector<std::size_t>& widths, std::uint64_t seed);

  Score compute_gradients(const Batch& batch) override;
  Score evaluate(const Batch& batch) override;

 private:
  struct Layer {
    Parameter* weight;
    Parameter* bias;
    AlignedVector output;  ///< batch x width
    AlignedVector error;   ///< derivative of the loss by the output before ReLU
  };

  Parameter& add_parameter(std::string name, pith::Shape shape);
  void add_layer(std::size_t inputs, std::size_t outputs, std::uint64_t seed);
  void forward(const Batch& batch);
  void backward(const Batch& batch);

  std::vector<AlignedVector> memory_;  // of the parameters
  std::vector<Layer> layers_;
};

/// Of the model that the examples train.
std::vector<std::size_t> model_widths(const Dataset& data);

}  // namespace fashion_mnist
