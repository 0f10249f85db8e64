// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <string>

#include <pith/core/error.h>
#include <pith/mpi/communicator.h>
#include <pith/mpi/init.h>

#include "exit_code.h"
#include "launch.h"
#include "print_error.h"

namespace pith::bench {

// All ranks meet a usage error alike, so the job ends in order; what one rank met alone leaves the
// others waiting.
int run_under_mpi(int& argc, char**& argv, const Body& body) {
  mpi::Environment environment(argc, argv);
  mpi::Communicator world(MPI_COMM_WORLD);
  try {
    return body(world);
  } catch (const UsageError& error) {
    if (world.rank() == 0) print_error(error.what());
    return kUsage;
  } catch (const std::exception& error) {
    print_error("rank " + std::to_string(world.rank()) + ": " + error.what());
    mpi::abort(kWrongValues);
  }
}

}  // namespace pith::bench
