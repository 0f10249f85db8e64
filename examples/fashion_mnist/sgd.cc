// SPDX-License-Identifier: Apache-2.0
#include "sgd.h"

#include <cmath>
#include <numbers>

namespace fashion_mnist {

double learning_rate(double peak, std::size_t warmup, std::size_t steps, std::size_t t) {
  if (t < warmup) return peak * static_cast<double>(t + 1) / static_cast<double>(warmup);
  const double part = static_cast<double>(t - warmup) / static_cast<double>(steps - warmup);
  return peak * (1 + std::cos(std::numbers::pi * part)) / 2;
}

Sgd::Sgd(std::vector<Parameter>& parameters, double momentum)
    : parameters_(parameters), momentum_(static_cast<float>(momentum)) {
  for (const auto& parameter : parameters) velocity_.emplace_back(parameter.values.size());
}

void Sgd::step(double rate) {
  const float a = static_cast<float>(rate);
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    float* x = parameters_[p].values.data();
    float* v = velocity_[p].data();
    const float* g = parameters_[p].gradient.data();
    for (std::size_t i = 0; i < velocity_[p].size(); ++i) {
      v[i] = momentum_ * v[i] + g[i];
      x[i] -= a * v[i];
    }
  }
}

}  // namespace fashion_mnist
