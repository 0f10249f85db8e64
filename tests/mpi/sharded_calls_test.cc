// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/mpi/communicator.h>

#include "support/exchange/exchange_contract.h"
#include "support/exchange/sharded_contract.h"

namespace pith::test {
namespace {

// The contract of tests/reducer, over real MPI.
class MpiShardedContract : public testing::TestWithParam<LegalCase> {};

TEST_P(MpiShardedContract, HoldsAtEverySize) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  for (const std::size_t n : kContractSizes) {
    if (can_gather(GetParam())) gathered_shards_are_equal(communicator, GetParam(), n, 3);
    sharded_bytes_follow_the_formula(communicator, GetParam(), n);
  }
  a_nan_changes_no_shard(communicator, GetParam(), 333);
}

TEST(MpiShardedCalls, TellEveryRankThatCallsComeInDifferentOrders) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  if (communicator.size() == 1) GTEST_SKIP() << "one rank has one order";
  calls_in_different_orders_are_refused(communicator);
}

INSTANTIATE_TEST_SUITE_P(Some, MpiShardedContract,
                         testing::Values(LegalCase{"none", "raw", "ef21"},
                                         LegalCase{"topk(density=0.05,index=elias_fano)", "sharded",
                                                   "ef14"},
                                         LegalCase{"onebit(block=64)", "sharded", "ef14"},
                                         LegalCase{"quantize(bits=4,bucket=64)", "sharded", "ef21"},
                                         LegalCase{"natural", "sharded", "econtrol"}),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace pith::test
