// SPDX-License-Identifier: Apache-2.0
#include "flat.h"

#include <algorithm>

namespace fashion_mnist {
namespace {

void copy(std::span<float> Parameter::*tensor, const std::vector<Parameter>& parameters,
          std::span<float> flat) {
  auto out = flat.begin();
  for (const Parameter& parameter : parameters) {
    out = std::ranges::copy(parameter.*tensor, out).out;
  }
}

}  // namespace

void copy_gradients(const std::vector<Parameter>& parameters, std::span<float> flat) {
  copy(&Parameter::gradient, parameters, flat);
}

void copy_values(const std::vector<Parameter>& parameters, std::span<float> flat) {
  copy(&Parameter::values, parameters, flat);
}

void set_values(std::span<const float> flat, std::vector<Parameter>& parameters) {
  for (Parameter& parameter : parameters) {
    std::ranges::copy(flat.first(parameter.values.size()), parameter.values.begin());
    flat = flat.subspan(parameter.values.size());
  }
}

}  // namespace fashion_mnist
