// SPDX-License-Identifier: Apache-2.0
#include <tuple>

#include <gtest/gtest.h>

#include <pith/mpi/communicator.h>

#include "support/communicator_contract.h"

namespace pith::test {
namespace {

class MpiContract : public testing::TestWithParam<std::tuple<Promise, std::size_t>> {};

TEST_P(MpiContract, Holds) {
  const auto& [promise, largest_count] = GetParam();
  mpi::Communicator comm(MPI_COMM_WORLD, largest_count);
  promise.holds(comm);
}

// 1000 and 30011 cut the larger sizes into many and few calls and leave the small ones whole.
INSTANTIATE_TEST_SUITE_P(All, MpiContract,
                         testing::Combine(testing::ValuesIn(communicator_contract()),
                                          testing::Values(mpi::Communicator::kLargestCount, 30011,
                                                          1000)),
                         [](const auto& test) {
                           return std::get<Promise>(test.param).name + std::string("InCallsOf") +
                                  std::to_string(std::get<std::size_t>(test.param));
                         });

}  // namespace
}  // namespace pith::test
