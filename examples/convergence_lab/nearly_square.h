// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>

#include <pith/core/shape.h>

namespace convergence_lab {

/// n elements as the matrix that is most nearly square, for compressors that need one.
inline pith::Shape nearly_square(std::size_t n) {
  auto rows = static_cast<std::size_t>(std::sqrt(static_cast<double>(n)));
  while (n % rows != 0) --rows;
  return {rows, n / rows};
}

}  // namespace convergence_lab
