// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

#include <pith/comm/communicator.h>

#include "command_line.h"
#include "dataset.h"
#include "mlp.h"
#include "progress.h"

namespace fashion_mnist {

/// How training ended.
struct Trained {
  double accuracy;  ///< share of correct answers on the test samples; the mean where ranks differ
  double seconds;
};

/// Calls step(learning rate) for every step of all epochs, moves the bar, and behind each epoch
/// evaluates the model on all test samples and prints a line. Every rank calls it.
Trained train_epochs(const TrainingOptions& options, std::size_t steps_per_epoch, Mlp& model,
                     const Dataset& test, Progress& progress, pith::Communicator& world,
                     const std::function<void(double rate)>& step);

}  // namespace fashion_mnist
