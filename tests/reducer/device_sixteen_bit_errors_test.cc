// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/comm/staged_communicator.h>

#include "device_tensors.h"
#include "support/usage_error.h"

// What is wrong with gradients in fp16 and bf16 on a device, on one rank, is told to all.
namespace pith::test {
namespace {

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

TEST(DeviceSixteenBitErrors, ANonFiniteElementIsNamedAsTheHostNamesIt) {
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

TEST(DeviceSixteenBitErrors, ANonFiniteElementIsNamedBetweenDevices) {
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

TEST(DeviceSixteenBitErrors, AnotherTypeIsRefusedOnAllRanks) {
  for (const bool overlapped : {false, true}) {
    EXPECT_THAT((refusal<float, Half>(overlapped)),
                testing::HasSubstr("push: tensor \"w\" is float16, not float32"));
    EXPECT_THAT((refusal<Half, BFloat16>(overlapped)),
                testing::HasSubstr("push: tensor \"w\" is bfloat16, not float16"));
    EXPECT_THAT((refusal<BFloat16, float>(overlapped)),
                testing::HasSubstr("push: tensor \"w\" is float32, not bfloat16"));
  }
}

TEST(DeviceSixteenBitErrors, Float64IsForHostMemory) {
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
