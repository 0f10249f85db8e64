// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "client.h"
#include "rows.h"

namespace convergence_lab {

/// What is solved, as the command line says it; the same on all ranks.
struct ProblemOptions {
  std::string problem = "logistic";  ///< a spec, see make_client()
  std::filesystem::path data;        ///< of the problems that need rows
  Split split = Split::shuffled;
  std::uint64_t seed = 0;  ///< of the split and of where x starts
};

/// The problem as one of `clients` clients knows it:
///
///   logistic(lambda=0.1,start=1)       over rows of two classes; x starts normal, times `start`
///   least_squares(lambda=0,start=1)    over rows
///   heterogeneous, spread(d=50), unequal(d=10)   quadratics of four clients
///   bilinear(d=10,lambda=0.1)          a game
///
/// Throws   pith::UsageError for names, arguments, data and numbers of clients that do not fit.
Client make_client(const ProblemOptions& options, std::size_t client, std::size_t clients);

}  // namespace convergence_lab
