// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "client.h"

namespace convergence_lab {

/// A game between x and y of d numbers each, z = (x, y):
///
///   f_m = x A_m y + a_m x + b_m y + lambda |x|^2 / 2 - lambda |y|^2 / 2
///   F_m(z) = (d f_m / dx, -d f_m / dy)
///
/// with A_m[i][j] = sin(1 + 0.7 m + 1.3 i + 2.1 j + 0.5 i j), a_m[i] = cos(0.3 + m + i),
/// b_m[j] = sin(0.2 + 2 m + j), from z = (1, ..., 1). Plain descent along F diverges.
Client bilinear(std::size_t client, std::size_t d, double lambda);

}  // namespace convergence_lab
