// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/core/log.h>
#include <pith/mpi/communicator.h>

#include "support/exchange/exchange_contract.h"

namespace pith::test {
namespace {

// The contract of tests/collectives, over real MPI.
class MpiLegalCombination : public testing::TestWithParam<LegalCase> {
 protected:
  void SetUp() override { set_log_level(LogLevel::none); }
};

TEST_P(MpiLegalCombination, HoldsAtEverySize) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  // One rank, and more than there are cores: threads have shown what the largest size does there.
  const bool all = communicator.size() == 2 || communicator.size() == 3;
  const auto sizes = contract_sizes(GetParam());
  for (const std::size_t n : sizes.first(all ? sizes.size() : 3)) {
    replicas_are_equal(communicator, GetParam(), n, 3);
    bytes_follow_the_formula(communicator, GetParam(), n);
  }
  a_nan_changes_nothing(communicator, GetParam(), 333);
}

// A thousand on two ranks; more ranks than cores would only wait for each other.
TEST_P(MpiLegalCombination, KeepsReplicasEqualForAThousandSteps) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  const bool many = communicator.size() == 2 && !is_variation(GetParam().feedback);
  replicas_are_equal(communicator, GetParam(), 77, many ? PITH_MANY_STEPS : PITH_MANY_STEPS / 50);
}

INSTANTIATE_TEST_SUITE_P(All, MpiLegalCombination, testing::ValuesIn(legal_cases()),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace pith::test
