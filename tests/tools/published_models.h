// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "bench/layers.h"

namespace pith::bench {

inline std::vector<Layer> layers_of(const std::string& model) {
  return read_layers(PITH_LAYERS_DIR "/" + model + ".txt");
}

inline std::size_t parameters(const std::vector<Layer>& layers, bool vectors_only = false) {
  std::size_t sum = 0;
  for (const Layer& layer : layers) {
    if (!vectors_only || !layer.shape.is_matrix()) sum += layer.shape.elements();
  }
  return sum;
}

/// Evenly distributed; normal values would take longer to draw than all else here.
inline std::vector<float> noise(std::size_t n, int rank) {
  std::minstd_rand draw(static_cast<unsigned>(rank) + 1);
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(draw()) - 0x1p30f;
  return values;
}

#define EXPECT_WITHIN_1_PERCENT(value, published) EXPECT_NEAR(value, published, 0.01 * (published))

}  // namespace pith::bench
