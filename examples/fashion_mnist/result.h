// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <pith/reducer/statistics.h>

#include "options.h"

namespace fashion_mnist {

/// Where a run stood after some steps.
struct Point {
  std::size_t step = 0;
  double message_bytes = 0;  ///< of one rank's own messages until then, mean over ranks
  double value = 0;
};

/// What a run came to; the same on all ranks, but for `units`.
struct Result {
  int ranks = 0;
  std::size_t parameters = 0;
  std::string exchange;            ///< the one that was used
  std::vector<Point> loss;         ///< training loss, mean over the steps since the point before
  std::vector<Point> accuracy;     ///< on the test set, after each epoch
  double final_loss = 0;           ///< of the final model on the first 20,000 training samples
  double ratio_fp32 = 1;           ///< bytes of all gradients over message bytes, all steps
  double wire_bytes_per_step = 0;  ///< sent by one rank, counted at the communicator
  double wire_ratio = 1;           ///< a raw all-reduce's wire bytes over them
  double seconds = 0;              ///< of training and tests, without reading the data
  std::vector<pith::UnitStatistics> units;         ///< rank 0's
  std::vector<pith::AdaptiveStatistics> adaptive;  ///< what policies have chosen
};

/// Writes both as one JSON object. Throws   std::runtime_error naming the file.
void write_json(const Options& options, const Result& result);

/// The result in one line for people.
std::string summary_line(const Result& result);

}  // namespace fashion_mnist
