// SPDX-License-Identifier: Apache-2.0
#include "exit_code.h"
#include "launch.h"

namespace program {

int run_under_mpi(int&, char**&, const Body&) {
  print_error("built without MPI: give the number of ranks with --local");
  return kUsage;
}

}  // namespace program
