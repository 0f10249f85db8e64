// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include <pith/reducer/options.h>

#include "command_line.h"

namespace fashion_mnist {

/// What the data-parallel trainer is told; the same on all ranks.
struct Options : TrainingOptions {
  pith::ReducerOptions reducer;
  std::filesystem::path json;  ///< empty: none is written
};

/// Reads the command line; PITH_COMPRESSOR, PITH_FEEDBACK and PITH_EXCHANGE beat it, as they beat
/// all code.
/// Throws   pith::UsageError with the option and its value.
Options parse_options(int argc, const char* const* argv);

}  // namespace fashion_mnist
