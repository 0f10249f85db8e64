// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <pith/comm/communicator.h>

#include "command_line.h"
#include "dataset.h"

namespace fashion_mnist {

/// What is learnt and what is tested with.
struct Samples {
  Dataset train;
  Dataset test;
};

/// Reads both on every rank. Throws   pith::UsageError on every rank if one cannot.
Samples read_samples(const TrainingOptions& options, pith::Communicator& world);

/// One rank's batches: its shard of the samples, in another order in every epoch.
class Batches {
 public:
  /// Throws   pith::UsageError, on every rank, if the batch does not fit the ranks or their shards.
  Batches(const TrainingOptions& options, const Dataset& data, const pith::Communicator& world);

  std::size_t steps_per_epoch() const { return shard_.size() / local_batch_; }

  /// The next one, there until the next call.
  const Batch& next();

 private:
  const TrainingOptions& options_;
  const Dataset& data_;
  std::size_t rank_;
  std::vector<std::uint32_t> shard_;
  std::size_t local_batch_;
  std::size_t step_ = 0;
  Batch batch_;
};

}  // namespace fashion_mnist
