// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/comm/communicator.h>

#include "client.h"

namespace convergence_lab {

/// How fast gradients change, of f and of the clients' f_i; the same on all ranks.
struct Smoothness {
  double of_mean = 0;          ///< L
  Vector of_clients = {};      ///< L_i
  double arithmetic_mean = 0;  ///< of the L_i
  double quadratic_mean = 0;   ///< of the L_i; never below the arithmetic one
};

/// Largest eigenvalue of a symmetric matrix without negative ones, given by its product with a
/// vector, by power iteration to a relative change of 1e-12.
double largest_eigenvalue(const Client::Map& product, std::size_t n);

/// From the clients' curvatures. Every rank calls it.
Smoothness measure_smoothness(const Client& client, pith::Communicator& clients);

}  // namespace convergence_lab
