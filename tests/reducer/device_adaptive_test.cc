// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/comm/staged_communicator.h>
#include <pith/core/error.h>
#include <pith/reducer/reducer.h>

#include "device_tensors.h"
#include "support/device.h"
#include "support/usage_error.h"

// Compressors that a policy chooses for tensors on a device: what is measured of them there is what
// the host measures, so the same is chosen.
namespace pith::test {
namespace {

constexpr int kRanks = 2;
constexpr int kSteps = 9;

struct Ways {
  std::string standard;
  std::string others;  // and arguments
  std::string feedback;
};

/// What a rank has in the end.
struct Outcome {
  std::vector<AdaptiveDecision> decisions;
  std::vector<std::vector<float>> estimates;
  std::uint64_t message_bytes = 0;
};

// Of tensors on the device, or, where nothing is said of devices, in host memory.
Outcome train(Communicator& communicator, const ReducerOptions& options) {
  const cuda::Stream stream;
  const Space space = options.device ? Space::device : Space::host;
  Reducer reducer(communicator, options);
  for (const auto& [name, shape] : kModel) reducer.add(name, shape, ElementType::float32, space);
  Outcome outcome;
  for (int step = 0; step < kSteps; ++step) {
    std::vector<std::vector<float>> gradients;
    std::vector<cuda::DeviceBuffer<float>> there;
    for (const Variable& variable : kModel) {
      gradients.push_back(gradient_of(variable, communicator.rank(), step));
      if (variable.name == "other") {  // a few of its elements are nearly all of it
        for (std::size_t i = 0; i < gradients.back().size(); i += 50) gradients.back()[i] *= 100;
      }
    }
    if (step % 2 == 1) reducer.begin();
    for (std::size_t v = 0; v < kModel.size(); ++v) {
      const bool skips = step == 5 && communicator.rank() == 1 && v == 0;
      const std::span<float> gradient(gradients[v]);
      const auto& name = kModel[v].name;
      if (space == Space::host) {
        skips ? reducer.skip(name, gradient) : reducer.push(name, gradient);
      } else {
        there.push_back(to_device(gradients[v], stream));
        const auto span = there.back().span();
        skips ? reducer.skip(name, span, stream) : reducer.push(name, span, stream);
      }
    }
    EXPECT_TRUE(reducer.wait().committed);
    for (std::size_t v = 0; v < there.size(); ++v) {
      gradients[v] = to_host(there[v].span(), stream);
    }
    for (auto& estimate : gradients) outcome.estimates.push_back(std::move(estimate));
  }
  EXPECT_EQ(reducer.statistics().adaptive.size(), 1u);
  outcome.decisions = reducer.statistics().adaptive.front().decisions;
  outcome.message_bytes = reducer.statistics().message_bytes;
  return outcome;
}

void expect_equal(const Outcome& there, const Outcome& here) {
  ASSERT_EQ(there.decisions.size(), here.decisions.size());
  for (std::size_t d = 0; d < here.decisions.size(); ++d) {
    EXPECT_EQ(there.decisions[d].compressors, here.decisions[d].compressors) << d;
    EXPECT_EQ(there.decisions[d].ratios, here.decisions[d].ratios) << d;
    EXPECT_EQ(there.decisions[d].error, here.decisions[d].error) << d;
    EXPECT_EQ(there.decisions[d].cost, here.decisions[d].cost) << d;
  }
  EXPECT_EQ(there.estimates, here.estimates);
}

class DeviceAdaptive : public testing::TestWithParam<Ways> {
 protected:
  ReducerOptions options() const {
    const auto& [standard, others, feedback] = GetParam();
    return {.compressor = "adaptive(" + standard + "," + others + ")", .feedback = feedback};
  }
};

TEST_P(DeviceAdaptive, ChoosesWhatItChoosesOnTheHost) {
  run_local(kRanks, [&](Communicator& communicator) {
    const Outcome here = train(communicator, options());
    auto devices = options();
    devices.device = device_backend();
    const Outcome there = train(communicator, devices);
    ASSERT_THAT(here.decisions, testing::SizeIs(3));
    EXPECT_THAT(here.decisions.front().compressors,
                testing::Not(testing::Each(GetParam().standard)));
    expect_equal(there, here);
    EXPECT_EQ(there.message_bytes, here.message_bytes);
  });
}

TEST_P(DeviceAdaptive, ChoosesTheSameBetweenDevices) {
  run_local(kRanks, [&](Communicator& communicator) {
    StagedCommunicator between(communicator);
    auto devices = options();
    devices.device = device_backend({.all = &between});
    const Outcome here = train(communicator, options());
    expect_equal(train(communicator, devices), here);
  });
}

// Each rank measures its part of a tensor, which its node has summed.
TEST_P(DeviceAdaptive, ChoosesTheSameInNodes) {
  const LocalOptions nodes{.ranks_per_node = 2};
  const auto body = [&](Communicator& communicator) {
    const auto node = communicator.split_node();
    StagedCommunicator devices_of_node(*node);
    auto here = options();
    here.node = "shared";
    auto there = here;
    there.device = device_backend({.node = &devices_of_node});
    const Outcome expected = train(communicator, here);
    expect_equal(train(communicator, there), expected);
  };
  run_local(2 * kRanks, body, nodes);
}

INSTANTIATE_TEST_SUITE_P(
    Candidates, DeviceAdaptive,
    testing::Values(Ways{"topk(density=0.02)", "every=4,steps=2,one_in=1", "ef14"},
                    Ways{"topk(density=0.02)", "every=4,steps=2,one_in=2", "ef21_sgdm"},
                    Ways{"quantize(bits=4,bucket=64)", "every=4,steps=1", "ef14"},
                    Ways{"lowrank(rank=4)", "every=4,steps=2", "ef14"},
                    Ways{"onebit", "topk(density=0.02),quantize(bits=3),every=4,steps=2", "ef14"}));

TEST(DeviceAdaptiveMistakes, AreWhatCannotBeTimedOrIsNotThere) {
  const auto error_with = [](const char* compressor) {
    return usage_error_of(2, [&](Communicator& communicator) {
      train(communicator, {.compressor = compressor, .device = device_backend()});
    });
  };
  EXPECT_THAT(error_with("adaptive(topk(density=0.02),objective=time)"),
              testing::HasSubstr("tensor \"bias\" lies on a device, so it cannot have adaptive("));
  EXPECT_THAT(error_with("adaptive(topk(density=0.02),natural)"), testing::HasSubstr("natural"));
}

}  // namespace
}  // namespace pith::test
