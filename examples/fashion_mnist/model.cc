// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <functional>
#include <numeric>

#include <pith/core/hash.h>
#include <pith/core/random.h>

namespace fashion_mnist {

void fill_normal(const Parameter& parameter, double deviation, std::uint64_t seed) {
  const pith::Random random({.seed = seed, .tensor = pith::hash(parameter.name)});
  for (std::size_t i = 0; i < parameter.values.size(); ++i) {
    parameter.values[i] = static_cast<float>(deviation * random.normal(i));
  }
}

std::size_t Model::parameter_count() const {
  return std::transform_reduce(parameters_.begin(), parameters_.end(), std::size_t{0},
                               std::plus<>{}, [](const auto& p) { return p.values.size(); });
}

}  // namespace fashion_mnist
