// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/comm/communicator.h>

#include "program/sum_over_ranks.h"

namespace convergence_lab {

/// Replaces every value by its mean over the clients, uncompressed: for what is measured.
inline void mean_over_clients(pith::Communicator& clients, std::span<double> values) {
  program::sum_over_ranks(clients, values);
  for (double& value : values) value /= clients.size();
}

}  // namespace convergence_lab
