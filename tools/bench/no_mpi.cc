// SPDX-License-Identifier: Apache-2.0
#include <pith/core/error.h>

#include "launch.h"

namespace pith::bench {

int run_under_mpi(int&, char**&, const Body&) {
  throw UsageError("built without MPI: give the number of ranks with --local");
}

}  // namespace pith::bench
