// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/core/shape.h>

#include "dataset.h"

namespace fashion_mnist {

/// One tensor of a model with its gradient, both contiguous, row-major, in memory of the model.
struct Parameter {
  std::string name;  ///< "layer1.weight", "layer1.bias", ...
  pith::Shape shape;
  std::span<float> values;
  std::span<float> gradient;
};

/// Normal with mean 0, from numbers that depend on the seed and the name alone.
void fill_normal(const Parameter& parameter, double deviation, std::uint64_t seed);

/// What a model makes of some samples.
struct Score {
  double loss = 0;     ///< sum of the cross-entropies
  double correct = 0;  ///< samples whose label has the largest output
};

/// What is trained.
class Model {
 public:
  Model() = default;
  virtual ~Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// They stay where they are.
  std::vector<Parameter>& parameters() { return parameters_; }
  std::size_t parameter_count() const;

  /// Sets every gradient to that of the batch's mean loss; returns the batch's score.
  virtual Score compute_gradients(const Batch& batch) = 0;

  virtual Score evaluate(const Batch& batch) = 0;

  /// Replaces what it has learnt beside its parameters, if anything, by the mean over the ranks,
  /// which all call it.
  virtual void average_statistics(pith::Communicator&) {}

 protected:
  std::vector<Parameter> parameters_;
};

}  // namespace fashion_mnist
