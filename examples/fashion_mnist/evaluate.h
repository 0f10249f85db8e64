// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <pith/comm/communicator.h>

#include "dataset.h"
#include "model.h"

namespace fashion_mnist {

/// Mean loss and share of correct answers on the first `samples` samples (or all there are); each
/// rank takes a block of them. The same on all ranks, which all call it, after the model's
/// average_statistics().
Score evaluate(Model& model, const Dataset& data, std::size_t samples, pith::Communicator& world);

}  // namespace fashion_mnist
