// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include <gtest/gtest.h>

#include <pith/mpi/communicator.h>
#include <pith/mpi/init.h>

namespace pith::test {
namespace {

// Each fails, and must end the whole job; CMakeLists.txt runs them one by one and expects that.

TEST(OnRankOne, Fails) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  EXPECT_NE(comm.rank(), 1) << "as it should";
}

TEST(OnRankOne, LeavesEarly) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  ASSERT_NE(comm.rank(), 1) << "as it should";
  comm.barrier();
}

TEST(OnRankOne, Throws) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  if (comm.rank() == 1) throw std::runtime_error("as it should");
  comm.barrier();
}

TEST(OnRankOne, Aborts) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  if (comm.rank() == 1) mpi::abort(77);
  comm.barrier();
}

}  // namespace
}  // namespace pith::test
