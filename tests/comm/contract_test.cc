// SPDX-License-Identifier: Apache-2.0
#include <tuple>

#include <gtest/gtest.h>

#include <pith/comm/local.h>

#include "support/communicator_contract.h"

namespace pith::test {
namespace {

class LocalContract : public testing::TestWithParam<std::tuple<Promise, int>> {};

TEST_P(LocalContract, Holds) {
  const auto& [promise, ranks] = GetParam();
  run_local(ranks, [&promise = promise](Communicator& comm) { promise.holds(comm); });
}

INSTANTIATE_TEST_SUITE_P(All, LocalContract,
                         testing::Combine(testing::ValuesIn(communicator_contract()),
                                          testing::Values(1, 2, 3, 4, 7)),
                         [](const auto& test) {
                           return std::get<Promise>(test.param).name + std::string("On") +
                                  std::to_string(std::get<int>(test.param)) + "Ranks";
                         });

}  // namespace
}  // namespace pith::test
