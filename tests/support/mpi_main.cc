// SPDX-License-Identifier: Apache-2.0
#include <pith/mpi/init.h>

#include "support/mpi_run.h"

int main(int argc, char** argv) {
  pith::mpi::Environment environment(argc, argv);
  return pith::test::run_mpi_tests(argc, argv);
}
