// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <string>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/comm/staged_communicator.h>
#include <pith/reducer/device_backend.h>
#include <pith/reducer/reducer.h>

#include "device_tensors.h"
#include "support/device.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

// What a mistake says on all of two ranks, made by rank 1.
std::string mistake(const ReducerOptions& options,
                    const std::function<void(Reducer&, DeviceStream)>& push) {
  return usage_error_of(2, [&](Communicator& communicator) {
    const cuda::Stream stream;
    Reducer reducer(communicator, options);
    reducer.add("w", Shape({64, 100}), ElementType::float32, Space::device);
    const cuda::DeviceBuffer<float> fine(6400);
    cuda::clear(fine.span(), stream);
    if (communicator.rank() == 1) {
      push(reducer, stream);
    } else {
      reducer.push("w", fine.span(), stream);
    }
    reducer.wait();
  });
}

TEST(DeviceTensorMistakes, AreToldToAllRanks) {
  const auto options = options_of({"none", "none"});
  std::vector<float> host(6400);
  EXPECT_THAT(mistake(options,
                      [&](Reducer& reducer, DeviceStream stream) {
                        reducer.push("w", DeviceSpan<float>(host.data(), host.size()), stream);
                      }),
              testing::HasSubstr("push: tensor \"w\": this is host memory, not memory of device"));
  EXPECT_THAT(mistake(options, [&](Reducer& reducer,
                                   DeviceStream) { reducer.push("w", std::span<float>(host)); }),
              testing::HasSubstr("tensor \"w\" lies on a device, not in host memory"));
  EXPECT_THAT(mistake(options,
                      [&](Reducer& reducer, DeviceStream stream) {
                        const cuda::DeviceBuffer<float> small(10);
                        reducer.push("w", small.span(), stream);
                      }),
              testing::HasSubstr("has 6400 elements (64x100), not 10"));
}

TEST(DeviceTensorMistakes, ABroadcastOnADeviceNeedsATensorThere) {
  EXPECT_THAT(usage_error_of(2,
                             [](Communicator& communicator) {
                               const cuda::Stream stream;
                               const cuda::DeviceBuffer<float> x(10);
                               Reducer reducer(communicator, {.compressor = "none"});
                               reducer.add("w", Shape({10}));
                               reducer.broadcast("w", x.span(), stream);
                             }),
              testing::HasSubstr("broadcast: tensor \"w\" is given on a device"));
}

TEST(DeviceTensorMistakes, MemoryOfAnotherDeviceIsRefused) {
  if (cuda::devices() < 2) GTEST_SKIP() << "one device";
  const auto of_another = [](Reducer& reducer, DeviceStream) {
    cuda::use_device(1);
    const cuda::DeviceBuffer<float> there(6400);
    reducer.push("w", there.span(), nullptr);
    cuda::use_device(0);
  };
  // The first step is what chooses the device.
  EXPECT_THAT(
      usage_error_of(2,
                     [&](Communicator& communicator) {
                       const cuda::Stream stream;
                       Reducer reducer(communicator, options_of({"none", "none"}));
                       reducer.add("w", Shape({64, 100}), ElementType::float32, Space::device);
                       reducer.device_states();
                       of_another(reducer, stream);
                       reducer.wait();
                     }),
      testing::HasSubstr("this is memory of device 1, not memory of device 0"));
}

TEST(DeviceTensorMistakes, ANodeNeedsACommunicatorOfItsDevices) {
  const auto refusal = [](bool of_all) {
    std::vector<std::string> errors(4);
    run_local(4,
              [&](Communicator& communicator) {
                StagedCommunicator devices(communicator);
                auto options = options_of({"onebit", "ef14"});
                options.node = "shared";
                if (of_all) options.device = device_backend({.node = &devices});
                Reducer reducer(communicator, options);
                reducer.add("w", Shape({64, 100}), ElementType::float32, Space::device);
                errors[static_cast<std::size_t>(communicator.rank())] =
                    usage_error([&] { reducer.device_states(); });
              },
              {.ranks_per_node = 2});
    EXPECT_THAT(errors, testing::Each(testing::HasSubstr("node=shared: ")));
    return errors.front();
  };
  EXPECT_THAT(refusal(false), testing::HasSubstr("no communicator of the node's devices is given"));
  EXPECT_THAT(refusal(true),
              testing::HasSubstr("this is rank 0 of 2 in its node, but rank 0 of 4"));
}

TEST(DeviceTensorMistakes, OptionsForHostMemoryAreNamed) {
  const auto refusal = [](ReducerOptions options) {
    return usage_error_of(2, [&](Communicator& communicator) {
      Reducer reducer(communicator, options);
      reducer.add("w", Shape({64, 100}), ElementType::float32, Space::device);
      reducer.device_states();
    });
  };
  auto options = options_of({"topk(density=0.01)", "ef14"});
  options.commit = Commit::inplace;
  EXPECT_THAT(refusal(options),
              testing::HasSubstr("\"w\" lies on a device, so it needs commit=step"));
  options = options_of({"topk(density=0.01)", "d_ec"});
  EXPECT_THAT(refusal(options), testing::HasSubstr("cannot have the rule d_ec"));
  options = options_of({"auto(topk(density=0.01))", "ef14"});
  EXPECT_THAT(refusal(options), testing::HasSubstr("cannot have auto("));
  options = options_of({"topk(density=0.01)", "ef14", "sparse"});
  EXPECT_THAT(refusal(options), testing::HasSubstr("cannot travel by the sparse exchange"));
  options = options_of({"onebit", "econtrol"});
  EXPECT_THAT(refusal(options), testing::HasSubstr("so econtrol needs eta= with onebit"));
  options = options_of({"none", "none"});
  options.device = nullptr;
  EXPECT_THAT(refusal(options), testing::HasSubstr("needs the option `device`"));
  EXPECT_THAT(mistake(options,
                      [](Reducer& reducer, DeviceStream stream) {
                        const cuda::DeviceBuffer<float> x(6400);
                        reducer.push("w", x.span(), stream);
                      }),
              testing::HasSubstr("needs the option `device`"));
}

}  // namespace
}  // namespace pith::test
