// SPDX-License-Identifier: Apache-2.0
#include "epochs.h"

#include <chrono>
#include <iomanip>
#include <sstream>
#include <string>

#include "evaluate.h"
#include "sgd.h"

namespace fashion_mnist {
namespace {

std::string line_of(std::size_t epoch, std::size_t epochs, double accuracy) {
  std::ostringstream line;
  line << "epoch " << epoch << " of " << epochs << std::fixed << std::setprecision(4)
       << "  test accuracy " << accuracy;
  return line.str();
}

}  // namespace

Trained train_epochs(const TrainingOptions& options, std::size_t steps_per_epoch, Mlp& model,
                     const Dataset& test, Progress& progress, pith::Communicator& world,
                     const std::function<void(double rate)>& step) {
  const auto start = std::chrono::steady_clock::now();
  const std::size_t steps = options.epochs * steps_per_epoch;
  Trained trained{};
  for (std::size_t t = 0; t < steps; ++t) {
    step(learning_rate(options.learning_rate, options.warmup_steps, steps, t));
    progress.step(t + 1);
    if ((t + 1) % steps_per_epoch != 0) continue;
    trained.accuracy = evaluate(model, test, test.size(), world).correct;
    progress.line(line_of((t + 1) / steps_per_epoch, options.epochs, trained.accuracy));
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  trained.seconds = time.count();
  return trained;
}

}  // namespace fashion_mnist
