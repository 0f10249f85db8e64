// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

#include "golden/problems.h"

namespace pith::test {

/// A bilinear game of four ranks between x and y of ten numbers each, z = (x, y), seen as what each
/// rank knows of F: f_m = x A_m y + a_m x + b_m y + 0.05 |x|^2 - 0.05 |y|^2 and F_m = (df_m / dx,
/// -df_m / dy). |F(z_0)| = 6.424918.
inline Problem bilinear_game() {
  constexpr std::size_t kSize = 10;
  return {4, Vector(2 * kSize, 1.0), [](std::size_t rank, std::uint64_t, const Vector& z) {
            const auto m = static_cast<double>(rank);
            const auto pair = [m](std::size_t row, std::size_t column) {
              const auto i = static_cast<double>(row);
              const auto j = static_cast<double>(column);
              return std::sin(1 + 0.7 * m + 1.3 * i + 2.1 * j + 0.5 * i * j);
            };
            Vector out(2 * kSize);
            for (std::size_t i = 0; i < kSize; ++i) {
              const auto at = static_cast<double>(i);
              out[i] = std::cos(0.3 + m + at) + 0.1 * z[i];
              out[kSize + i] = -std::sin(0.2 + 2 * m + at) + 0.1 * z[kSize + i];
              for (std::size_t j = 0; j < kSize; ++j) {
                out[i] += pair(i, j) * z[kSize + j];
                out[kSize + i] -= pair(j, i) * z[j];
              }
            }
            return out;
          }};
}

}  // namespace pith::test
