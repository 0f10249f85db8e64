// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "model.h"

namespace fashion_mnist {

/// Learning rate of a step: rises linearly over `warmup` steps, then falls to zero at `steps`.
///
///   peak (t + 1) / warmup                                          t < warmup
///   peak (1 + cos(pi (t - warmup) / (steps - warmup))) / 2         otherwise
double learning_rate(double peak, std::size_t warmup, std::size_t steps, std::size_t t);

/// The heavy ball: v = momentum v + g, x -= rate v.
void momentum_step(double momentum, double rate, std::span<const float> g, std::span<float> v,
                   std::span<float> x);

/// Gradient descent with that momentum.
class Sgd {
 public:
  Sgd(std::vector<Parameter>& parameters, double momentum);

  void step(double rate);

 private:
  std::vector<Parameter>& parameters_;
  double momentum_;
  std::vector<std::vector<float>> velocity_;
};

}  // namespace fashion_mnist
