// SPDX-License-Identifier: Apache-2.0
#include <tuple>

#include <gtest/gtest.h>

#include <pith/mpi/communicator.h>

#include "core/variable.h"
#include "support/communicator_contract.h"

namespace pith::test {
namespace {

class MpiContract : public testing::TestWithParam<std::tuple<Promise, std::size_t>> {};

TEST_P(MpiContract, Holds) {
  const auto& [promise, largest_count] = GetParam();
  const bool whole = largest_count == mpi::Communicator::kLargestCount;
  const Variable memory("PITH_SHARED_MEMORY", whole ? "on" : "off");
  mpi::Communicator comm(MPI_COMM_WORLD, largest_count);
  promise.holds(comm);
}

// 1000 and 30011 cut the larger sizes into many and few calls and leave the small ones whole; means
// are MPI's then, too.
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
