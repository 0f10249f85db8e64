// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/comm/staged_communicator.h>
#include <pith/reducer/agreement.h>
#include <pith/reducer/device_backend.h>
#include <pith/reducer/reducer.h>

#include "device_tensors.h"
#include "support/device.h"

// An element on a device that is not finite: the step counts nowhere, and every rank learns which
// element of which rank it is, whatever the others make of the message that holds it.
namespace pith::test {
namespace {

constexpr std::size_t kBad = 4321;

class DeviceNonFinite : public testing::TestWithParam<Case> {};

void expect_that_it_is_named(Communicator& communicator, const ReducerOptions& options,
                             float value) {
  const cuda::Stream stream;
  Reducer reducer(communicator, options);
  reducer.add("w", kModel.front().shape, ElementType::float32, Space::device);
  auto x = gradient_of(kModel.front(), communicator.rank(), 0);
  if (communicator.rank() == 1) x[kBad] = value;
  const auto there = to_device(x, stream);
  reducer.push("w", there.span(), stream);
  const StepResult result = reducer.wait();
  EXPECT_FALSE(result.committed);
  const std::string element = "w: element " + std::to_string(kBad) + " is ";
  EXPECT_THAT(result.reason, testing::HasSubstr(element + std::to_string(value)));
  for (const DeviceStateView& state : reducer.device_states()) {
    EXPECT_THAT(to_host(state.values, stream), testing::Each(0.0f)) << state.name;
  }
  const auto left = to_host(there.span(), stream);
  if (options.non_finite == NonFinite::skip) {
    EXPECT_THAT(left, testing::Pointwise(testing::NanSensitiveFloatEq(), x));
  } else {
    EXPECT_THAT(left, testing::Each(testing::IsNan()));
  }
}

TEST_P(DeviceNonFinite, SkipsTheStepOnAllRanks) {
  for (const NonFinite policy : {NonFinite::skip, NonFinite::propagate}) {
    for (const float value : {HUGE_VALF, -HUGE_VALF, std::nanf("")}) {
      run_local(3, [&](Communicator& communicator) {
        StagedCommunicator devices(communicator);
        auto options = options_of(GetParam());
        options.non_finite = policy;
        expect_that_it_is_named(communicator, options, value);
        options.device = device_backend({.all = &devices});
        expect_that_it_is_named(communicator, options, value);
      });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, DeviceNonFinite,
    testing::Values(
        Case{"none", "ef21"}, Case{"cast(fp16)", "ef14"}, Case{"cast(bf16)", "ef14", "sharded"},
        Case{"onebit", "ef14", "gather"}, Case{"onebit", "ef14"}, Case{"quantize(bits=4)", "ef14"},
        Case{"quantize(bits=4)", "ef21", "gather"}, Case{"levels(bits=2)", "ef14"},
        Case{"topk(density=0.01)", "ef14"}, Case{"topk(density=0.01)", "ef14", "sharded"},
        Case{"topk(density=0.01,values=4bit)", "ef14"}, Case{"threshold(value=1)", "ef14"},
        Case{"randomk(density=0.1)", "ef14"}, Case{"lowrank(rank=2)", "ef14"}));

// Without a rank that says so, it is the wire.
TEST(Agreement, BlamesTheWireForAGarbledMessageUnlessItsSenderKnowsBetter) {
  run_local(2, [](Communicator& communicator) {
    std::vector<Fault> faults;
    if (communicator.rank() == 0) faults.push_back({Fault::Kind::garbled, "w: not valid"});
    EXPECT_TRUE(agree(communicator, faults, 0).wire);
    if (communicator.rank() == 1) faults.push_back({Fault::Kind::non_finite, "w: is inf"});
    const Agreement agreement = agree(communicator, faults, 0);
    EXPECT_FALSE(agreement.wire);
    EXPECT_TRUE(agreement.non_finite);
    EXPECT_EQ(agreement.text, "rank 0: w: not valid\nrank 1: w: is inf");
  });
}

}  // namespace
}  // namespace pith::test
