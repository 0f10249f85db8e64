// SPDX-License-Identifier: Apache-2.0
#include <pith/comm/local.h>
#include <pith/nccl/communicator.h>

#include "nccl/fake.h"
#include "reducer/device_turns.h"

namespace pith::test {
namespace {

class NcclTurns : public testing::TestWithParam<Case> {};

// What is exchanged by NCCL is in the streams too.
TEST_P(NcclTurns, AreAsManyForManyTensorsAsForOne) {
  expect_as_many_turns_for_many_tensors([&](std::size_t tensors, bool overlapped) {
    const FakeNccl fake;
    std::size_t turns = 0;
    run_local(1, [&](Communicator& communicator) {
      nccl::Communicator devices(communicator, {.timeout_seconds = 20, .library = &fake.library()});
      auto options = options_of(GetParam());
      options.device = device_backend({.all = &devices});
      turns = turns_of_step(communicator, options, tensors, overlapped);
    });
    return turns;
  });
}

INSTANTIATE_TEST_SUITE_P(All, NcclTurns, testing::ValuesIn(kOfEveryExchange));

}  // namespace
}  // namespace pith::test
