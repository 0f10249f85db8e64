// SPDX-License-Identifier: Apache-2.0
#include "device_turns.h"

#include <pith/comm/local.h>

namespace pith::test {
namespace {

class DeviceTurns : public testing::TestWithParam<Case> {};

// By way of the host, devices work on all tensors of a bucket before it waits for the first.
TEST_P(DeviceTurns, AreAsManyForManyTensorsAsForOne) {
  const auto turns_of = [&](std::size_t tensors, bool overlapped) {
    std::size_t turns = 0;
    run_local(1, [&](Communicator& communicator) {
      turns = turns_of_step(communicator, options_of(GetParam()), tensors, overlapped);
    });
    return turns;
  };
  for (const bool overlapped : {false, true}) {
    const std::size_t of_one = turns_of(1, overlapped);
    EXPECT_GT(of_one, 0u);
    EXPECT_EQ(turns_of(7, overlapped), of_one) << (overlapped ? "overlapped" : "");
  }
}

INSTANTIATE_TEST_SUITE_P(All, DeviceTurns, testing::ValuesIn(kOfEveryExchange));

}  // namespace
}  // namespace pith::test
