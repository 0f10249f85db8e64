// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/log.h>

#include "support/exchange/exchange_contract.h"

namespace pith::test {
namespace {

// Rules warn about themselves at every start: once is enough elsewhere.
class LegalCombination : public testing::TestWithParam<LegalCase> {
 protected:
  void SetUp() override { set_log_level(LogLevel::none); }
};

TEST_P(LegalCombination, KeepsReplicasEqualAtEverySize) {
  for (const int ranks : {1, 2, 3, 4}) {
    run_local(ranks, [](Communicator& communicator) {
      for (const std::size_t n : contract_sizes(GetParam())) {
        replicas_are_equal(communicator, GetParam(), n, 2);
      }
    });
  }
}

TEST_P(LegalCombination, KeepsReplicasEqualForAThousandSteps) {
  const int steps = is_variation(GetParam().feedback) ? PITH_MANY_STEPS / 20 : PITH_MANY_STEPS;
  run_local(3, [=](Communicator& communicator) {
    replicas_are_equal(communicator, GetParam(), 77, steps);
  });
}

TEST_P(LegalCombination, SendsTheBytesThatItsDocumentationSays) {
  for (const int ranks : {1, 2, 3, 4}) {
    run_local(ranks, [](Communicator& communicator) {
      for (const std::size_t n : contract_sizes(GetParam())) {
        bytes_follow_the_formula(communicator, GetParam(), n);
      }
    });
  }
}

TEST_P(LegalCombination, LeavesEveryStateAloneWhenOneRankHasANan) {
  for (const int ranks : {1, 2, 3, 4}) {
    run_local(ranks, [](Communicator& communicator) {
      for (const std::size_t n : {1u, 333u}) a_nan_changes_nothing(communicator, GetParam(), n);
    });
  }
  if (is_variation(GetParam().feedback)) return;
  for (const int ranks : {2, 4}) {
    run_local(ranks, [](Communicator& communicator) {
      a_nan_leaves_every_state(communicator, GetParam(), 65537);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(All, LegalCombination, testing::ValuesIn(legal_cases()),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace pith::test
