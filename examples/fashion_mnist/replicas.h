// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <pith/comm/communicator.h>

#include "model.h"

namespace fashion_mnist {

/// Throws   pith::Error, on every rank, with the first tensor whose values are not the same on all
///          ranks to the bit, and the first rank that differs from rank 0.
void check_replicas(const std::vector<Parameter>& parameters, pith::Communicator& world);

}  // namespace fashion_mnist
