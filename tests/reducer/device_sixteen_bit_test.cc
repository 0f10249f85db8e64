// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/comm/staged_communicator.h>

#include "device_tensors.h"
#include "support/usage_error.h"

// Gradients in fp16 and bf16 on a device: what they come to is what the same gradients in host
// memory come to (sixteen_bit_test.cc), bit for bit.
namespace pith::test {
namespace {

const std::vector<Space> kHost(kModel.size(), Space::host);
const std::vector<Space> kMixed{Space::device, Space::host, Space::device};

/// Some steps of two reducers, one of which has all in host memory.
template <class V>
void expect_equal_steps(Reducer& plain, Reducer& there, int rank) {
  const cuda::Stream stream;
  add_all<V>(plain, kHost);
  add_all<V>(there, kMixed);
  for (int step = 0; step < kSteps; ++step) {
    const auto options = step_options(step);
    const auto expected = host_step<V>(plain, rank, step, options);
    EXPECT_EQ(mixed_step<V>(there, kMixed, rank, step, options, stream, step % 2 == 0), expected)
        << "step " << step << " on rank " << rank;
  }
  expect_states(there, plain, stream);
}

template <class V>
void expect_the_hosts_by_way_of_the_host(Communicator& communicator, const Case& one) {
  Reducer plain(communicator, options_of(one));
  Reducer there(communicator, options_of(one));
  expect_equal_steps<V>(plain, there, communicator.rank());
  EXPECT_EQ(there.statistics().message_bytes, plain.statistics().message_bytes);
  EXPECT_EQ(there.statistics().dense_bytes, plain.statistics().dense_bytes);
  EXPECT_EQ(there.statistics().wire_bytes, plain.statistics().wire_bytes);
}

template <class V>
void expect_the_hosts_between_devices(Communicator& communicator, const Case& one) {
  StagedCommunicator between(communicator);
  auto options = options_of(one);
  options.device = device_backend({.all = &between});
  Reducer plain(communicator, options_of(one));
  Reducer there(communicator, options);
  expect_equal_steps<V>(plain, there, communicator.rank());
}

template <class V>
void expect_the_hosts_of_nodes(Communicator& communicator, const Case& one) {
  const auto node = communicator.split_node();
  StagedCommunicator devices(*node);
  auto options = options_of(one);
  options.node = "shared";
  options.device = device_backend({.node = &devices});
  Reducer plain(communicator, options);
  Reducer there(communicator, options);
  expect_equal_steps<V>(plain, there, communicator.rank());
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
                    Case{"quantize(bits=4)", "ef21", "gather"}));

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

// Why a step does not count whose element 4321 is `bad` on rank 1; and it leaves what it has to.
template <class V>
std::string reason_for(Communicator& communicator, const ReducerOptions& options, float bad,
                       Space space) {
  const cuda::Stream stream;
  Reducer reducer(communicator, options);
  reducer.add("w", kModel[0].shape, type_of(std::span<V>()), space);
  auto x = gradient_of<V>(kModel[0], communicator.rank(), 0);
  if (communicator.rank() == 1) x[4321] = to_number<V>(bad);
  const auto given = x;
  const auto there = to_device(x, stream);
  if (space == Space::host) {
    reducer.push("w", std::span(x));
  } else {
    reducer.push("w", there.span(), stream);
  }
  const StepResult result = reducer.wait();
  EXPECT_FALSE(result.committed);
  if (space == Space::device) x = to_host(there.span(), stream);
  if (options.non_finite == NonFinite::skip) {
    EXPECT_EQ(x, given);
  } else {
    EXPECT_TRUE(std::ranges::all_of(x, [](V value) { return std::isnan(to_float(value)); }));
  }
  return result.reason;
}

TEST(DeviceSixteenBitSteps, ANonFiniteElementIsNamedAsTheHostNamesIt) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const NonFinite policy : {NonFinite::skip, NonFinite::propagate}) {
    run_local(2, [&](Communicator& communicator) {
      auto options = options_of({"onebit", "ef14"});
      options.non_finite = policy;
      const auto expect_named = [&]<class V>(V, float bad, const std::string& text) {
        const auto device = reason_for<V>(communicator, options, bad, Space::device);
        EXPECT_EQ(device, "rank 1: w: element 4321 is " + text);
        EXPECT_EQ(device, reason_for<V>(communicator, options, bad, Space::host));
      };
      expect_named(Half(), -kInfinity, "-inf");
      expect_named(BFloat16(), kInfinity, "inf");
      expect_named(Half(), std::numeric_limits<float>::quiet_NaN(), "nan");
    });
  }
}

TEST(DeviceSixteenBitSteps, ANonFiniteElementIsNamedBetweenDevices) {
  for (const char* compressor : {"none", "cast(bf16)"}) {
    run_local(2, [&](Communicator& communicator) {
      StagedCommunicator devices(communicator);
      auto options = options_of({compressor, "ef14"});
      options.non_finite = NonFinite::propagate;
      options.device = device_backend({.all = &devices});
      const auto reason = reason_for<Half>(communicator, options,
                                           std::numeric_limits<float>::infinity(), Space::device);
      EXPECT_THAT(reason, testing::HasSubstr("rank 1: w: element 4321 is inf"));
    });
  }
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

// What all of two ranks are told if rank 1 pushes V instead of W.
template <class V, class W>
std::string refusal(bool overlapped) {
  return usage_error_of(2, [&](Communicator& communicator) {
    const cuda::Stream stream;
    Reducer reducer(communicator, options_of({"onebit", "ef14"}));
    reducer.add("w", kModel[0].shape, type_of(std::span<W>()), Space::device);
    const auto fine = to_device(gradient_of<W>(kModel[0], 0, 0), stream);
    const auto wrong = to_device(gradient_of<V>(kModel[0], 0, 0), stream);
    if (overlapped) reducer.begin();
    if (communicator.rank() == 1) {
      reducer.push("w", wrong.span(), stream);
    } else {
      reducer.push("w", fine.span(), stream);
    }
    reducer.wait();
  });
}

TEST(DeviceSixteenBitMistakes, AnotherTypeIsRefusedOnAllRanks) {
  for (const bool overlapped : {false, true}) {
    EXPECT_THAT((refusal<float, Half>(overlapped)),
                testing::HasSubstr("push: tensor \"w\" is float16, not float32"));
    EXPECT_THAT((refusal<Half, BFloat16>(overlapped)),
                testing::HasSubstr("push: tensor \"w\" is bfloat16, not float16"));
    EXPECT_THAT((refusal<BFloat16, float>(overlapped)),
                testing::HasSubstr("push: tensor \"w\" is float32, not bfloat16"));
  }
}

TEST(DeviceSixteenBitMistakes, Float64IsForHostMemory) {
  const auto refused = usage_error_of(2, [](Communicator& communicator) {
    Reducer reducer(communicator, options_of({"none", "none"}));
    reducer.add("w", {4}, ElementType::float64, Space::device);
    reducer.device_states();
  });
  EXPECT_THAT(refused,
              testing::HasSubstr("add: tensor \"w\" is float64; on a device tensors are float32, "
                                 "float16 or bfloat16"));
}

}  // namespace
}  // namespace pith::test
