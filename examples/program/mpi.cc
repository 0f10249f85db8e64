// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <pith/core/error.h>
#include <pith/mpi/communicator.h>
#include <pith/mpi/init.h>

#include "exit_code.h"
#include "launch.h"

namespace program {

int run_under_mpi(int& argc, char**& argv, const Body& body) {
  pith::mpi::Environment environment(argc, argv);
  pith::mpi::Communicator world(MPI_COMM_WORLD);
  try {
    body(world);
    return kFine;
  } catch (const pith::UsageError& error) {
    if (world.rank() == 0) print_error(error.what());
    return kUsage;
  } catch (const std::exception& error) {
    print_error("rank " + std::to_string(world.rank()) + ": " + error.what());
    pith::mpi::abort(kFailed);
  }
}

}  // namespace program
