// SPDX-License-Identifier: Apache-2.0
#include "support/exchange/sharded_contract.h"

#include <gtest/gtest.h>

#include <pith/comm/local.h>

#include "support/exchange/exchange_contract.h"

namespace pith::test {
namespace {

class ShardedContract : public testing::TestWithParam<LegalCase> {};
class GatherContract : public testing::TestWithParam<LegalCase> {};

TEST_P(GatherContract, GivesAllRanksTheSameBitsAtEverySize) {
  for (const int ranks : {1, 2, 3, 7}) {
    run_local(ranks, [](Communicator& communicator) {
      for (const std::size_t n : contract_sizes(GetParam())) {
        gathered_shards_are_equal(communicator, GetParam(), n, 2);
      }
    });
  }
}

TEST_P(ShardedContract, SendsTheBytesThatItsDocumentationSays) {
  for (const int ranks : {1, 2, 3, 4}) {
    run_local(ranks, [](Communicator& communicator) {
      for (const std::size_t n : contract_sizes(GetParam())) {
        sharded_bytes_follow_the_formula(communicator, GetParam(), n);
      }
    });
  }
}

TEST_P(ShardedContract, LeavesEverythingAloneWhenOneRankHasANan) {
  for (const int ranks : {1, 3}) {
    run_local(ranks, [](Communicator& communicator) {
      for (const std::size_t n : {1u, 333u}) a_nan_changes_no_shard(communicator, GetParam(), n);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(All, GatherContract, testing::ValuesIn(gathered_cases()),
                         [](const auto& test) { return test_name(test.param); });
INSTANTIATE_TEST_SUITE_P(All, ShardedContract, testing::ValuesIn(sharded_cases()),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace pith::test
