// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <exception>

#include <mpi.h>

#include <pith/mpi/check.h>
#include <pith/mpi/init.h>

namespace pith::mpi {

bool is_running() {
  int initialized = 0;
  int finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  return initialized != 0 && finalized == 0;
}

Environment::Environment(int& argc, char**& argv) : exceptions_(std::uncaught_exceptions()) {
  int initialized = 0;
  MPI_Initialized(&initialized);
  if (initialized != 0) return;
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided), "MPI_Init_thread", 0);
  owns_ = true;
}

// MPI_Finalize waits for the other ranks, which may wait for this one.
Environment::~Environment() {
  if (owns_ && is_running() && std::uncaught_exceptions() == exceptions_) MPI_Finalize();
}

void abort(int exit_code) {
  if (is_running()) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace pith::mpi
