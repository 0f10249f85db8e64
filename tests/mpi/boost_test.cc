// SPDX-License-Identifier: Apache-2.0
#include <boost/mpi/communicator.hpp>

#include <gtest/gtest.h>

#include <pith/mpi/communicator.h>

#include "support/communicator_contract.h"

namespace pith::test {
namespace {

TEST(BoostMpi, CommunicatorsAreAccepted) {
  const boost::mpi::communicator world;
  mpi::Communicator comm(world);
  EXPECT_EQ(comm.rank(), world.rank());
  EXPECT_EQ(comm.size(), world.size());
  for (const Promise& promise : communicator_contract()) {
    SCOPED_TRACE(promise.name);
    promise.holds(comm);
  }
}

}  // namespace
}  // namespace pith::test
