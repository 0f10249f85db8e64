// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <pith/core/shape.h>

#include "aligned_vector.h"
#include "dataset.h"

namespace fashion_mnist {

/// One tensor of the model with its gradient, both contiguous, row-major.
struct Parameter {
  std::string name;  ///< "layer1.weight", "layer1.bias", ...
  pith::Shape shape;
  AlignedVector values;
  AlignedVector gradient;
};

/// What a model makes of some samples.
struct Score {
  double loss = 0;     ///< sum of the cross-entropies
  double correct = 0;  ///< samples whose label has the largest output
};

/// Multi-layer perceptron: fully connected layers with ReLU between them, softmax cross-entropy.
///
///   h_0 = x,  h_l = max(0, W_l h_{l-1} + b_l),  loss = -log softmax(W_L h_{L-1} + b_L)[label]
///
/// Shapes   W_l: widths[l] x widths[l-1]; b_l: widths[l].
/// Start    W_l normal with variance 2 / widths[l-1] (He et al. 2015), b_l zero.
/// Threads  none of its own.
class Mlp {
 public:
  Mlp(const std::vector<std::size_t>& widths, std::uint64_t seed);
  Mlp(const Mlp&) = delete;
  Mlp& operator=(const Mlp&) = delete;

  std::vector<Parameter>& parameters() { return parameters_; }
  std::size_t parameter_count() const;

  /// Sets every gradient to that of the batch's mean loss; returns the batch's score.
  Score compute_gradients(const Batch& batch);

  Score evaluate(const Batch& batch);

 private:
  struct Layer {
    Parameter* weight;
    Parameter* bias;
    AlignedVector output;  ///< batch x width
    AlignedVector error;   ///< derivative of the loss by the output before ReLU
  };

  void add_layer(std::size_t inputs, std::size_t outputs, std::uint64_t seed);
  void forward(const Batch& batch);
  void backward(const Batch& batch);

  std::vector<Parameter> parameters_;
  std::vector<Layer> layers_;
};

/// Of the model that the examples train.
std::vector<std::size_t> model_widths(const Dataset& data);

}  // namespace fashion_mnist
