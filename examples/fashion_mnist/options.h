// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include <pith/reducer/options.h>

#include "shard.h"

namespace fashion_mnist {

/// What the command line says; the same on all ranks.
struct Options {
  pith::ReducerOptions reducer;
  std::size_t epochs = 8;
  std::size_t batch = 256;  ///< of all ranks together
  double learning_rate = 0.1;
  double momentum = 0.9;  ///< of the optimizer, after aggregation
  std::size_t warmup_steps = 100;
  std::uint64_t seed = 0;
  Split split = Split::random;
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";
  int local_ranks = 0;         ///< ranks as threads; 0: under MPI
  std::filesystem::path json;  ///< empty: none is written
  std::string help;            ///< the text to print if it was asked for
};

/// Reads the command line; PITH_COMPRESSOR, PITH_FEEDBACK and PITH_EXCHANGE beat it, as they beat
/// all code.
/// Throws   pith::UsageError with the option and its value.
Options parse_options(int argc, const char* const* argv);

}  // namespace fashion_mnist
