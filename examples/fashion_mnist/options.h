// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include <pith/reducer/options.h>

#include "command_line.h"

namespace fashion_mnist {

/// What the data-parallel trainer is told; the same on all ranks.
struct Options : TrainingOptions {
  pith::ReducerOptions reducer;
  std::filesystem::path json;  ///< empty: none is written
};

/// Reads the command line of a program whose help begins with `title`; PITH_COMPRESSOR,
/// PITH_FEEDBACK and PITH_EXCHANGE beat it, as they beat all code.
/// Throws   pith::UsageError with the option and its value.
Options parse_options(int argc, const char* const* argv, const std::string& title);

}  // namespace fashion_mnist
