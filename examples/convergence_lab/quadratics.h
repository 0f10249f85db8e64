// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "client.h"

namespace convergence_lab {

/// f_i(x) = sum over j of D_ij x_j^2 / 2 - b_ij x_j, so that grad f_i = D_i x - b_i.
Client quadratic(Vector scale, Vector shift, Vector start);

/// Number of clients that all of the following have.
inline constexpr std::size_t kQuadraticClients = 4;

/// In 4 dimensions: the mean gradient is 2.5 x, and at its zero no client's own is zero.
Client heterogeneous(std::size_t client);

/// In d dimensions, b_ij = (5 (i+1) (j+2) mod 11) - 5, and
///
///   D_ij = L_i (low + (1 - low) ((7 j + 3 i) mod 10) / 9)
///
/// spread: L_i = 1, low = 0.2. unequal: the last client's L_i is 100, low = 0.1.
Client spread(std::size_t client, std::size_t d);
Client unequal(std::size_t client, std::size_t d);

}  // namespace convergence_lab
