// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <pith/comm/communicator.h>
#include <pith/reducer/reducer.h>

#include "batches.h"
#include "dataset.h"
#include "mlp.h"
#include "options.h"
#include "progress.h"
#include "result.h"
#include "sgd.h"

namespace fashion_mnist {

/// Data-parallel training on one rank. Every rank makes the same calls.
///
/// Throws   pith::UsageError, on every rank, if the options do not fit the ranks or the reducer
///          refuses them; pith::Error if training diverges: gradients that are not finite, ten
///          steps in a row.
class Trainer {
 public:
  Trainer(const Options& options, const Dataset& train, const Dataset& test,
          pith::Communicator& world);

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
  const Dataset& train_;
  const Dataset& test_;
  pith::Communicator& world_;
  Batches batches_;
  Mlp model_;
  Sgd optimizer_;
  pith::Reducer reducer_;
  Progress progress_;
  std::size_t step_ = 0;
  int skipped_in_a_row_ = 0;
  Result result_;
};

}  // namespace fashion_mnist
