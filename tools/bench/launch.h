// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <pith/comm/communicator.h>

namespace pith::bench {

/// What every rank runs; returns the exit code, the same on every rank.
using Body = std::function<int(Communicator&)>;

/// Runs `body` on this rank of MPI's world. Throws UsageError if the program was built without MPI.
int run_under_mpi(int& argc, char**& argv, const Body& body);

}  // namespace pith::bench
