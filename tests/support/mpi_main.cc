// SPDX-License-Identifier: Apache-2.0
#include <support/mpi_run.h>

#include <pith/mpi/init.h>

int main(int argc, char** argv) {
  pith::mpi::Environment environment(argc, argv);
  return pith::test::run_mpi_tests(argc, argv);
}
