// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <pith/comm/communicator.h>
#include <pith/reducer/reducer.h>

#include "batches.h"
#include "model.h"
#include "options.h"
#include "progress.h"
#include "result.h"
#include "sgd.h"

namespace fashion_mnist {

/// Data-parallel training on one rank. Every rank makes the same calls.
///
/// Throws   pith::UsageError, on every rank, if the options do not fit the ranks or the reducer
///          refuses them; pith::Error if training diverges: gradients that are not finite, ten
///          steps in a row; or if replicas differ at its end.
class Trainer {
 public:
  /// Everything outlives it.
  Trainer(const Options& options, Model& model, const Samples& samples, pith::Communicator& world);

  Result run();

 private:
  void train_epoch();
  double train_step();
  void count_skipped(const pith::StepResult& result);
  void end_epoch(std::size_t epoch);
  void finish();
  double mean_over_ranks(double value);
  Point point(double value);

  const Options& options_;
  Model& model_;
  const Samples& samples_;
  pith::Communicator& world_;
  Batches batches_;
  Sgd optimizer_;
  pith::Reducer reducer_;
  Progress progress_;
  std::size_t step_ = 0;
  int skipped_in_a_row_ = 0;
  Result result_;
};

/// Trains and writes the result to where the options say. Throws   as Trainer; pith::UsageError, on
/// every rank, if it cannot be written.
void train_and_write(const Options& options, Model& model, const Samples& samples,
                     pith::Communicator& world);

}  // namespace fashion_mnist
