// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>

#include "support/exchange/exchange_contract.h"
#include "support/exchange/sharded_contract.h"

namespace pith::test {
namespace {

class ShardedContract : public testing::TestWithParam<LegalCase> {};

TEST_P(ShardedContract, GivesAllRanksTheSameBitsAtEverySize) {
  if (!can_gather(GetParam())) GTEST_SKIP() << "all_gather refuses the rule";
  for (const int ranks : {1, 2, 3, 4, 7}) {
    run_local(ranks, [](Communicator& communicator) {
      for (const std::size_t n : kContractSizes) {
        gathered_shards_are_equal(communicator, GetParam(), n, 2);
      }
    });
  }
}

TEST_P(ShardedContract, SendsTheBytesThatItsDocumentationSays) {
  for (const int ranks : {1, 2, 3, 4}) {
    run_local(ranks, [](Communicator& communicator) {
      for (const std::size_t n : kContractSizes) {
        sharded_bytes_follow_the_formula(communicator, GetParam(), n);
      }
    });
  }
}

TEST_P(ShardedContract, LeavesEverythingAloneWhenOneRankHasANan) {
  for (const int ranks : {1, 2, 3, 4}) {
    run_local(ranks, [](Communicator& communicator) {
      for (const std::size_t n : {1u, 333u}) a_nan_changes_no_shard(communicator, GetParam(), n);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(All, ShardedContract, testing::ValuesIn(sharded_cases()),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace pith::test
