// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pith::mpi {

/// MPI_Init_thread(MPI_THREAD_MULTIPLE) at its start and MPI_Finalize at its end, unless MPI is
/// already initialised, in which case it leaves both to whoever did it. If an exception leaves its
/// scope, MPI is not finalised, because the other ranks may wait for this one: catch the exception
/// outside, tell it, and abort().
///
/// Throws   TransportError if MPI does not start.
class Environment {
 public:
  Environment(int& argc, char**& argv);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  bool owns_ = false;
  int exceptions_ = 0;  // in flight when the scope began
};

/// Whether MPI is initialised and not yet finalised.
bool is_running();

/// Ends the whole job with this exit code (MPI_Abort), or the process if MPI does not run: the
/// answer to a TransportError.
[[noreturn]] void abort(int exit_code);

}  // namespace pith::mpi
