// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pith::mpi {

/// MPI_Init_thread(MPI_THREAD_MULTIPLE) at its start and MPI_Finalize at its end, unless MPI is
/// already initialised, in which case it leaves both to whoever did it. If the scope is left by an
/// exception that nobody caught, use abort().
class Environment {
 public:
  Environment(int& argc, char**& argv);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  bool owns_ = false;
};

/// Ends the whole job with this exit code (MPI_Abort): the answer to a TransportError.
[[noreturn]] void abort(int exit_code);

}  // namespace pith::mpi
