// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

#include "program/command_line.h"
#include "shard.h"

namespace fashion_mnist {

/// What every trainer here is told; the same on all ranks.
struct TrainingOptions {
  std::size_t epochs = 8;
  std::size_t batch = 256;  ///< of all ranks together
  double learning_rate = 0.1;
  double momentum = 0.9;  ///< of the optimizer, after aggregation
  std::size_t warmup_steps = 100;
  std::uint64_t seed = 0;
  Split split = Split::random;
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";
  int local_ranks = 0;  ///< ranks as threads; 0: under MPI
  std::string help;     ///< the text to print if it was asked for
};

/// Adds the options of TrainingOptions with these defaults.
void describe_training(boost::program_options::options_description& description,
                       const TrainingOptions& defaults = {});

/// Reads the options of describe_training().
void read_training(const program::Reader& reader, TrainingOptions& options);

}  // namespace fashion_mnist
