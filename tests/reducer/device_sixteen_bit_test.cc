// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/comm/staged_communicator.h>
#include <pith/reducer/device_gradient.h>

#include "device_tensors.h"

// Gradients in fp16 and bf16 on a device: what they come to is what the same gradients in host
// memory come to (sixteen_bit_test.cc), bit for bit.
namespace pith::test {
namespace {

template <class V>
void expect_the_hosts_by_way_of_the_host(Communicator& communicator, const Case& one) {
  Twins<V> twins(communicator, options_of(one), options_of(one));
  twins.expect_same_steps(in_every_other);
  twins.expect_same_states();
  const auto expected = twins.plain.statistics();
  EXPECT_EQ(twins.there.statistics().message_bytes, expected.message_bytes);
  EXPECT_EQ(twins.there.statistics().dense_bytes, expected.dense_bytes);
  EXPECT_EQ(twins.there.statistics().wire_bytes, expected.wire_bytes);
}

template <class V>
void expect_the_hosts_between_devices(Communicator& communicator, const Case& one) {
  StagedCommunicator devices(communicator);
  auto between = options_of(one);
  between.device = device_backend({.all = &devices});
  Twins<V> twins(communicator, options_of(one), between);
  twins.expect_same_steps(in_every_other);
  twins.expect_same_states();
}

template <class V>
void expect_the_hosts_of_nodes(Communicator& communicator, const Case& one) {
  const auto node = communicator.split_node();
  StagedCommunicator devices(*node);
  auto options = options_of(one);
  options.node = "shared";
  options.device = device_backend({.node = &devices});
  Twins<V> twins(communicator, options, options);
  twins.expect_same_steps(in_every_other);
  twins.expect_same_states();
}

class DeviceSixteenBit : public testing::TestWithParam<Case> {};

TEST_P(DeviceSixteenBit, ComeToWhatHostTensorsComeTo) {
  run_local(2, [](Communicator& communicator) {
    expect_the_hosts_by_way_of_the_host<Half>(communicator, GetParam());
    expect_the_hosts_by_way_of_the_host<BFloat16>(communicator, GetParam());
  });
}

TEST_P(DeviceSixteenBit, ComeToTheSameBetweenDevices) {
  run_local(3, [](Communicator& communicator) {
    expect_the_hosts_between_devices<Half>(communicator, GetParam());
    expect_the_hosts_between_devices<BFloat16>(communicator, GetParam());
  });
}

TEST_P(DeviceSixteenBit, AreSummedAsFloatsBetweenTheNodesDevices) {
  const auto body = [](Communicator& communicator) {
    expect_the_hosts_of_nodes<Half>(communicator, GetParam());
    expect_the_hosts_of_nodes<BFloat16>(communicator, GetParam());
  };
  run_local(4, body, {.ranks_per_node = 2});
}

TEST_P(DeviceSixteenBit, ReceiveTheOthersEstimatesWhereARankSkips) {
  const auto expect_equal = []<class V>(Communicator& communicator, V) {
    StagedCommunicator devices(communicator);
    auto between = options_of(GetParam());
    between.device = device_backend({.all = &devices});
    const auto expected = skipping<V>(communicator, options_of(GetParam()), Space::host);
    EXPECT_EQ(skipping<V>(communicator, options_of(GetParam()), Space::device), expected);
    EXPECT_EQ(skipping<V>(communicator, between, Space::device), expected);
  };
  run_local(2, [&](Communicator& communicator) {
    expect_equal(communicator, Half());
    expect_equal(communicator, BFloat16());
  });
}

INSTANTIATE_TEST_SUITE_P(
    All, DeviceSixteenBit,
    testing::Values(Case{"none", "none"}, Case{"none", "ef21_sgdm"}, Case{"cast(fp16)", "ef14"},
                    Case{"cast(bf16)", "econtrol(eta=0.3)", "sharded"}, Case{"onebit", "ef14"},
                    Case{"randomk(density=0.1)", "ef21"}, Case{"topk(density=0.05)", "ef14"},
                    Case{"quantize(bits=4)", "ef21", "gather"},
                    Case{"adaptive(topk(density=0.02),every=2,steps=1)", "ef14"}));

// Both 16-bit types, float and a 16-bit tensor in host memory, in one reducer.
TEST(DeviceSixteenBitSteps, MixWithFloatsAndHostMemory) {
  run_local(2, [](Communicator& communicator) {
    const cuda::Stream stream;
    const auto step = [&](Space space) {
      Reducer reducer(communicator, options_of({"onebit", "ef14"}));
      reducer.add("half", kModel[0].shape, ElementType::float16, space);
      reducer.add("float", kModel[0].shape, ElementType::float32, space);
      reducer.add("other", kModel[0].shape, ElementType::float16);
      reducer.add("bfloat", kModel[0].shape, ElementType::bfloat16, space);
      auto half = gradient_of<Half>(kModel[0], communicator.rank(), 0);
      auto single = gradient_of(kModel[0], communicator.rank(), 1);
      auto other = gradient_of<Half>(kModel[0], communicator.rank(), 2);
      auto bfloat = gradient_of<BFloat16>(kModel[0], communicator.rank(), 3);
      const auto there =
          std::tuple(to_device(half, stream), to_device(single, stream), to_device(bfloat, stream));
      reducer.push("other", std::span(other));
      if (space == Space::host) {
        reducer.push("half", std::span(half));
        reducer.push("float", std::span(single));
        reducer.push("bfloat", std::span(bfloat));
        reducer.wait();
        return std::tuple(half, single, other, bfloat);
      }
      reducer.push("half", std::get<0>(there).span(), stream);
      reducer.push("float", std::get<1>(there).span(), stream);
      reducer.push("bfloat", std::get<2>(there).span(), stream);
      reducer.wait();
      return std::tuple(to_host(std::get<0>(there).span(), stream),
                        to_host(std::get<1>(there).span(), stream), other,
                        to_host(std::get<2>(there).span(), stream));
    };
    EXPECT_EQ(step(Space::device), step(Space::host));
  });
}

// The second of two ranks pushes the next number of the type: the mean is in the middle.
template <class V>
void expect_ties_to_even(Communicator& communicator, float step) {
  const cuda::Stream stream;
  Reducer reducer(communicator, options_of({"none", "none"}));
  reducer.add("w", {4}, type_of(std::span<V>()), Space::device);
  const float next = communicator.rank() == 0 ? 0 : step;
  std::vector<V> x;
  for (const float value : {1.0f, 1 + step}) {
    x.push_back(to_number<V>(value + next));
    x.push_back(to_number<V>(-value - next));
  }
  const auto there = to_device(x, stream);
  reducer.push("w", there.span(), stream);
  reducer.wait();
  std::vector<float> mean;
  for (const V value : to_host(there.span(), stream)) mean.push_back(to_float(value));
  EXPECT_EQ(mean, (std::vector<float>{1, -1, 1 + 2 * step, -1 - 2 * step}));
}

TEST(DeviceSixteenBitSteps, AMeanBetweenTwoNumbersGoesToTheEvenOne) {
  run_local(2, [](Communicator& communicator) {
    expect_ties_to_even<Half>(communicator, 0x1p-10f);
    expect_ties_to_even<BFloat16>(communicator, 0x1p-7f);
  });
}

// What comes to the gradient is still in the trainer's stream when it is pushed.
TEST(DeviceSixteenBitSteps, AreReadBehindTheTrainersStream) {
  run_local(1, [](Communicator& communicator) {
    const cuda::Stream stream;
    Reducer reducer(communicator, options_of({"none", "none"}));
    reducer.add("w", kModel[0].shape, ElementType::float16, Space::device);
    const auto x = gradient_of<Half>(kModel[0], 0, 0);
    const cuda::PinnedBuffer<Half> pinned(x.size());
    std::ranges::copy(x, pinned.span().begin());
    const auto there = to_device(gradient_of<Half>(kModel[0], 0, 1), stream);
    cuda::upload(std::span<const Half>(pinned.span()), there.span(), stream);
    reducer.push("w", there.span(), stream);
    reducer.wait();
    EXPECT_EQ(to_host(there.span(), stream), x);
  });
}

TEST(DeviceSixteenBitSteps, AreCopiedOnlyToWiden) {
  const cuda::Stream stream;
  const auto half = to_device(gradient_of<Half>(kModel[0], 0, 0), stream);
  const auto single = to_device(gradient_of(kModel[0], 0, 0), stream);
  DeviceGradient floats(ElementType::float32, single.size());
  floats.take({.values = single.span()}, true, stream);
  EXPECT_EQ(floats.floats().data(), single.span().data());
  DeviceGradient widened(ElementType::float16, half.size());
  widened.take({.values = half.span()}, true, stream);
  EXPECT_EQ(widened.floats().size(), half.size());
  EXPECT_EQ(to_float(to_host(half.span(), stream)[7]), to_host(widened.floats(), stream)[7]);
}

// Parameters are broadcast as floats, as those in host memory are.
TEST(DeviceSixteenBitSteps, TakeParametersAsFloats) {
  run_local(2, [](Communicator& communicator) {
    const cuda::Stream stream;
    Reducer reducer(communicator, options_of({"none", "none"}));
    reducer.add("matrix", kModel[0].shape, ElementType::bfloat16, Space::device);
    const auto there = to_device(gradient_of(kModel[0], communicator.rank(), 0), stream);
    reducer.broadcast("matrix", there.span(), stream);
    EXPECT_EQ(to_host(there.span(), stream), gradient_of(kModel[0], 0, 0));
  });
}

}  // namespace
}  // namespace pith::test
