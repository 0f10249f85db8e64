// SPDX-License-Identifier: Apache-2.0
#include "batches.h"

#include <span>
#include <string>

#include <pith/core/error.h>
#include <pith/core/hash.h>

#include "program/launch.h"
#include "program/shuffle.h"

namespace fashion_mnist {
namespace {

std::size_t checked_local_batch(const TrainingOptions& options, std::size_t shard,
                                std::size_t ranks) {
  const std::string batch = "--batch " + std::to_string(options.batch);
  if (options.batch % ranks != 0) {
    throw pith::UsageError(batch + " is not a multiple of " + std::to_string(ranks) + " ranks");
  }
  if (options.batch / ranks > shard) {
    throw pith::UsageError(batch + " asks each rank for " + std::to_string(options.batch / ranks) +
                           " samples; it has " + std::to_string(shard));
  }
  return options.batch / ranks;
}

}  // namespace

Samples read_samples(const TrainingOptions& options, pith::Communicator& world) {
  Samples samples;
  program::on_every_rank(world, [&] {
    samples.train = read_dataset(options.data, "train");
    samples.test = read_dataset(options.data, "t10k");
  });
  return samples;
}

Batches::Batches(const TrainingOptions& options, const Dataset& data,
                 const pith::Communicator& world)
    : options_(options),
      data_(data),
      rank_(static_cast<std::size_t>(world.rank())),
      shard_(
          shard(data, options.split, options.seed, rank_, static_cast<std::size_t>(world.size()))),
      local_batch_(
          checked_local_batch(options, shard_.size(), static_cast<std::size_t>(world.size()))) {}

const Batch& Batches::next() {
  const std::size_t in_epoch = step_ % steps_per_epoch();
  if (in_epoch == 0) {
    program::shuffle(shard_, {.seed = options_.seed,
                              .tensor = pith::hash("epochs"),
                              .step = step_ / steps_per_epoch(),
                              .rank = static_cast<std::uint32_t>(rank_)});
  }
  gather(data_, std::span(shard_).subspan(in_epoch * local_batch_, local_batch_), batch_);
  ++step_;
  return batch_;
}

}  // namespace fashion_mnist
