// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "curve.h"
#include "method.h"
#include "problems.h"

namespace convergence_lab {

/// What the lab is told; the same on all ranks.
struct Options {
  ProblemOptions problem;
  std::vector<Method> methods;
  Duration duration;
  std::filesystem::path json;  ///< empty: none is written
  std::filesystem::path svg;   ///< empty: none is written
  int local_ranks = 0;         ///< clients as threads; 0: under MPI
  std::string help;            ///< the text to print if it was asked for
};

/// Throws   pith::UsageError with the option and its value.
Options parse_options(int argc, const char* const* argv);

}  // namespace convergence_lab
