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

void momentum_step(double momentum, double rate, std::span<const float> g, std::span<float> v,
                   std::span<float> x) {
  const auto keep = static_cast<float>(momentum);
  const auto a = static_cast<float>(rate);
  for (std::size_t i = 0; i < v.size(); ++i) {
    v[i] = keep * v[i] + g[i];
    x[i] -= a * v[i];
  }
}

Sgd::Sgd(std::vector<Parameter>& parameters, double momentum)
    : parameters_(parameters), momentum_(momentum) {
  for (const auto& parameter : parameters) velocity_.emplace_back(parameter.values.size());
}

void Sgd::step(double rate) {
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    momentum_step(momentum_, rate, parameters_[p].gradient, velocity_[p], parameters_[p].values);
  }
}

}  // namespace fashion_mnist
