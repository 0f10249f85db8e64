// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <iostream>

#include <pith/core/error.h>
#include <pith/mpi/communicator.h>
#include <pith/mpi/init.h>

#include "exit_code.h"
#include "launch.h"

namespace pith::bench {

// All ranks meet a usage error alike, so the job ends in order; what one rank met alone leaves the
// others waiting.
int run_under_mpi(int& argc, char**& argv, const Body& body) {
  mpi::Environment environment(argc, argv);
  mpi::Communicator world(MPI_COMM_WORLD);
  try {
    return body(world);
  } catch (const UsageError& error) {
    if (world.rank() == 0) std::cerr << "pith-bench: " << error.what() << std::endl;
    return kUsage;
  } catch (const std::exception& error) {
    std::cerr << "pith-bench: rank " << world.rank() << ": " << error.what() << std::endl;
    mpi::abort(kWrongValues);
  }
}

}  // namespace pith::bench
