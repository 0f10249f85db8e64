// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/mpi/communicator.h>
#include <pith/mpi/init.h>

#include "support/communicator_contract.h"
#include "support/mpi_run.h"

namespace pith::test {
namespace {

TEST(ThreadLevel, SingleIsEnough) {
  int level = MPI_THREAD_MULTIPLE;
  MPI_Query_thread(&level);
  EXPECT_EQ(level, MPI_THREAD_SINGLE);
  mpi::Communicator comm(MPI_COMM_WORLD);
  EXPECT_FALSE(comm.concurrent());
  for (const Promise& promise : communicator_contract()) {
    SCOPED_TRACE(promise.name);
    promise.holds(comm);
  }
}

}  // namespace
}  // namespace pith::test

int main(int argc, char** argv) {
  int provided = MPI_THREAD_MULTIPLE;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SINGLE, &provided);
  int failed = 0;
  {
    const pith::mpi::Environment environment(argc, argv);
    failed = pith::test::run_mpi_tests(argc, argv);
  }
  if (!pith::mpi::is_running()) failed = 1;  // it was not the environment's to finalise
  MPI_Finalize();
  return failed;
}
