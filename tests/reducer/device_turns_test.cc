// SPDX-License-Identifier: Apache-2.0
#include "device_turns.h"

#include <pith/comm/local.h>

namespace pith::test {
namespace {

// The thread that exchanges while the trainer computes must not give the process a context on a
// device that it has no business on, where it would take memory.
TEST(DeviceOverlap, KeepsToTheTensorsDevice) {
  cuda::use_device(1);
  const std::size_t before = emulation::uses(0);
  run_local(1, [](Communicator& communicator) {
    cuda::use_device(1);
    const Case one{"topk(density=0.1)", "ef14"};
    turns_of_step(communicator, options_of(one), 3, true);
    Reducer host_only(communicator, options_of(one));
    host_only.add("x", Shape({64, 50}));
    std::vector<float> x(64 * 50, 1.0f);
    host_only.begin();
    host_only.push("x", std::span(x));
    host_only.wait();
  });
  EXPECT_EQ(emulation::uses(0), before);
  cuda::use_device(0);
}

class DeviceTurns : public testing::TestWithParam<Case> {};

// By way of the host, devices work on all tensors of a bucket before it waits for the first.
TEST_P(DeviceTurns, AreAsManyForManyTensorsAsForOne) {
  expect_as_many_turns_for_many_tensors([&](std::size_t tensors, bool overlapped) {
    std::size_t turns = 0;
    run_local(1, [&](Communicator& communicator) {
      turns = turns_of_step(communicator, options_of(GetParam()), tensors, overlapped);
    });
    return turns;
  });
}

INSTANTIATE_TEST_SUITE_P(All, DeviceTurns, testing::ValuesIn(kOfEveryExchange));

}  // namespace
}  // namespace pith::test
