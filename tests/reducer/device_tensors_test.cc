// SPDX-License-Identifier: Apache-2.0
#include "device_tensors.h"

#include <limits>
#include <string>
#include <tuple>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/comm/staged_communicator.h>
#include <pith/core/random.h>
#include <pith/reducer/device_backend.h>
#include <pith/reducer/reducer.h>

#include "support/device.h"

// Tensors on a device, exchanged by ranks that are threads and share it. What they come to is what
// the same tensors in host memory come to, bit for bit.
namespace pith::test {
namespace {

/// Estimates of all tensors after a step, as this rank has them.
using Estimates = Tensors<float>;

class DeviceTensors : public testing::TestWithParam<std::tuple<Case, int>> {};

TEST_P(DeviceTensors, ComeToWhatHostTensorsComeTo) {
  const auto options = options_of(std::get<0>(GetParam()));
  const int ranks = std::get<1>(GetParam());
  for (const bool overlapped : {false, true}) {
    run_local(ranks, [&](Communicator& communicator) {
      Twins<float> twins(communicator, options, options);
      twins.expect_same_steps([&](int) { return overlapped; });
      const auto expected = twins.plain.statistics();
      EXPECT_EQ(twins.there.statistics().message_bytes, expected.message_bytes);
      EXPECT_EQ(twins.there.statistics().wire_bytes, expected.wire_bytes);
      twins.expect_same_states();
    });
  }
}

TEST_P(DeviceTensors, ComeToTheSameBetweenDevices) {
  const auto options = options_of(std::get<0>(GetParam()));
  const int ranks = std::get<1>(GetParam());
  run_local(ranks, [&](Communicator& communicator) {
    StagedCommunicator devices(communicator);
    auto between = options;
    between.device = device_backend({.all = &devices});
    Twins<float> twins(communicator, options, between);
    twins.expect_same_steps(in_every_other);
    EXPECT_GT(twins.there.statistics().wire_bytes + 1, twins.plain.statistics().wire_bytes / 2);
    twins.expect_same_states();
  });
}

const Case kCases[] = {{"none", "none"},
                       {"none", "ef21_sgdm"},
                       {"cast(fp16)", "ef14"},
                       {"cast(bf16)", "ef21", "gather"},
                       {"cast(bf16)", "econtrol(eta=0.3)", "sharded"},
                       {"randomk(density=0.05)", "ef14"},
                       {"randomk(density=0.1)|cast(fp16)", "ef21"},
                       {"none@2,randomk(density=0.1)", "ef21_sgdm"},
                       {"onebit", "ef14"},
                       {"onebit(block=100)", "ef14", "gather"},
                       {"quantize(bits=4)", "econtrol(eta=0.2)"},
                       {"quantize(bits=3,rounding=stochastic)", "none"},
                       {"topk(density=0.01)", "ef14"},
                       {"topk(density=0.02,values=bf16)", "econtrol"},
                       {"topk(density=0.05,values=4bit)", "ef21_sgdm"},
                       {"threshold(value=2)", "ef14"},
                       {"threshold(value=1)", "ef14", "sharded"},
                       {"topk(density=0.1)@2,onebit", "ef14"}};

INSTANTIATE_TEST_SUITE_P(OfTwoRanks, DeviceTensors,
                         testing::Combine(testing::ValuesIn(kCases), testing::Values(2)));
INSTANTIATE_TEST_SUITE_P(OfOtherNumbers, DeviceTensors,
                         testing::Combine(testing::Values(Case{"none", "ef14"},
                                                          Case{"onebit", "ef14"},
                                                          Case{"topk(density=0.01)", "ef14"}),
                                          testing::Values(1, 3)));

// Four ranks on two nodes.
class DeviceTensorsOfNodes : public testing::TestWithParam<Case> {};

TEST_P(DeviceTensorsOfNodes, AreSummedBetweenTheNodesDevices) {
  const LocalOptions nodes{.ranks_per_node = 2};
  const auto body = [&](Communicator& communicator) {
    const auto node = communicator.split_node();
    StagedCommunicator devices(*node);
    auto options = options_of(GetParam());
    options.node = "shared";
    options.device = device_backend({.node = &devices});
    Twins<float> twins(communicator, options, options);
    twins.expect_same_steps(in_every_other);
    const auto there = twins.there.statistics();
    const auto plain = twins.plain.statistics();
    EXPECT_GT(there.node_wire_bytes, 0u);
    EXPECT_EQ(there.wire_bytes - there.node_wire_bytes, plain.wire_bytes - plain.node_wire_bytes);
  };
  run_local(4, body, nodes);
}

INSTANTIATE_TEST_SUITE_P(All, DeviceTensorsOfNodes,
                         testing::Values(Case{"none", "ef21_sgdm"}, Case{"onebit", "ef14"},
                                         Case{"topk(density=0.05)", "econtrol"},
                                         Case{"randomk(density=0.1)", "ef14"}));

// Their products are a library's, which adds up in an order of its own.
TEST(DeviceTensorSteps, OfLowRankAreCloseToTheHostsAndEqualOnAllRanks) {
  const auto options = options_of({"lowrank(rank=2)", "ef14"});
  const std::vector<Space> device(kModel.size(), Space::device);
  std::vector<Estimates> of_rank(2);
  run_local(2, [&](Communicator& communicator) {
    Twins<float> twins(communicator, options, options, device);
    const auto compare = [&](int step, const Estimates& estimates, const Estimates& expected) {
      for (std::size_t v = 0; v < kModel.size(); ++v) {
        EXPECT_THAT(estimates[v], testing::Pointwise(testing::FloatNear(2e-4f), expected[v]))
            << kModel[v].name << " in step " << step;
      }
      of_rank[static_cast<std::size_t>(twins.rank)] = estimates;
    };
    twins.step_through([](int) { return true; }, compare);
    twins.expect_same_names_of_states();
  });
  EXPECT_EQ(of_rank[0], of_rank[1]);
}

class DeviceTensorsOfRanksThatSkip : public testing::TestWithParam<Case> {};

TEST_P(DeviceTensorsOfRanksThatSkip, ReceiveTheOthersEstimates) {
  run_local(2, [&](Communicator& communicator) {
    StagedCommunicator devices(communicator);
    auto between = options_of(GetParam());
    between.device = device_backend({.all = &devices});
    const auto expected = skipping(communicator, options_of(GetParam()), Space::host);
    EXPECT_EQ(skipping(communicator, options_of(GetParam()), Space::device), expected);
    EXPECT_EQ(skipping(communicator, between, Space::device), expected);
  });
}

INSTANTIATE_TEST_SUITE_P(All, DeviceTensorsOfRanksThatSkip,
                         testing::Values(Case{"none", "ef14"}, Case{"cast(fp16)", "ef14"},
                                         Case{"randomk(density=0.1)", "ef14"},
                                         Case{"lowrank(rank=2)", "ef14"}, Case{"onebit", "ef14"},
                                         Case{"topk(density=0.05)", "ef21_sgdm"}));

TEST(DeviceTensorSteps, ParametersAreBroadcastFromRank0) {
  run_local(3, [&](Communicator& communicator) {
    const cuda::Stream stream;
    Reducer reducer(communicator, options_of({"none", "none"}));
    reducer.add("matrix", Shape({64, 100}), ElementType::float32, Space::device);
    const auto there = to_device(gradient_of(kModel.front(), communicator.rank(), 0), stream);
    reducer.broadcast("matrix", there.span(), stream);
    EXPECT_EQ(to_host(there.span(), stream), gradient_of(kModel.front(), 0, 0));
  });
}

}  // namespace
}  // namespace pith::test
