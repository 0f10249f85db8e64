// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>

#include <pith/core/random.h>
#include <pith/core/spec.h>
#include <pith/feedback/device_feedback.h>
#include <pith/feedback/registry.h>

#include "support/device.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

std::vector<float> numbers(std::size_t n, std::uint64_t step) {
  const Random random({.seed = 7, .step = step});
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(random.normal(i));
  return x;
}

StepContext context(std::uint64_t step) {
  return {.step = step,
          .learning_rate = step < 2 ? 0.1 : 0.03,
          .guarantee = {.contraction = 0.25, .contraction_is_typical = true},
          .gradient_scale = step == 1 ? 0.75 : 1,
          .state_scale = step == 3 ? 0.5 : 1};
}

class DeviceRule : public testing::TestWithParam<std::string> {};

// What is sent exactly is composed and committed as any other message.
TEST_P(DeviceRule, HasTheBitsOfTheHosts) {
  constexpr std::size_t kElements = 5000;
  const cuda::Stream stream;
  const auto host = make_feedback<float>(parse_spec(GetParam()), kElements, Commit::step);
  const auto device = make_device_feedback(parse_spec(GetParam()), kElements, Commit::step, stream);
  for (std::uint64_t step = 0; step < 5; ++step) {
    const auto gradient = numbers(kElements, step);
    std::vector<float> scratch(kElements);
    const auto x = host->compose_all(0, gradient, context(step), scratch);
    std::vector<float> mean(x.begin(), x.end());
    host->commit_all(kElements, ExactlySent<float>(mean));

    const auto there = to_device(gradient, stream);
    cuda::DeviceBuffer<float> sent(kElements);
    send_exactly(device->begin(there.span(), context(step)), sent.span(), stream);
    EXPECT_EQ(to_host(sent.span(), stream), mean) << "step " << step;

    host->accept();
    device->accept();
    std::vector<float> estimate(kElements);
    host->absorb(0, mean, estimate);
    cuda::DeviceBuffer<float> estimate_there(kElements);
    device->absorb(sent.span(), estimate_there.span(), stream);
    EXPECT_EQ(to_host(estimate_there.span(), stream), estimate) << "step " << step;
    for (const DeviceStateView& state : device->states()) {
      for (const StateView<float>& expected : host->states()) {
        if (expected.name != state.name) continue;
        EXPECT_THAT(to_host(state.values, stream), testing::ElementsAreArray(expected.values))
            << state.name << " in step " << step;
      }
    }
  }
}

TEST_P(DeviceRule, AStepThatIsNotAcceptedChangesNoState) {
  const cuda::Stream stream;
  const auto rule = make_device_feedback(parse_spec(GetParam()), 1000, Commit::step, stream);
  const auto gradient = to_device(numbers(1000, 0), stream);
  cuda::DeviceBuffer<float> out(1000);
  const auto send = [&] {
    send_exactly(rule->begin(gradient.span(), context(2)), out.span(), stream);
    return to_host(out.span(), stream);
  };
  const auto first = send();
  EXPECT_EQ(send(), first);
  for (const DeviceStateView& state : rule->states()) {
    EXPECT_THAT(to_host(state.values, stream), testing::Each(0.0f)) << state.name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, DeviceRule,
                         testing::Values("none", "ef14", "ef14(rescale=false,decay=0.9)", "ef21",
                                         "ef21_sgdm(eta=0.3)", "econtrol", "econtrol(eta=0.1)"));

TEST(DeviceRules, ThatAreNotThereAreNamed) {
  const auto refusal = [](const char* spec) {
    return usage_error([&] { make_device_feedback(parse_spec(spec), 10, Commit::step, nullptr); });
  };
  EXPECT_THAT(refusal("dgc"), testing::HasSubstr("rule dgc has no device version"));
  EXPECT_THAT(refusal("ef14(state=bf16)"), testing::HasSubstr("its state is full"));
  EXPECT_THAT(refusal("ef21_sgdm(eta=2)"), testing::HasSubstr("eta"));
}

TEST(DeviceRules, EControlDoesNotMeasure) {
  const cuda::Stream stream;
  const auto rule = make_device_feedback(parse_spec("econtrol"), 10, Commit::step, stream);
  const cuda::DeviceBuffer<float> gradient(10);
  EXPECT_THAT(usage_error([&] { rule->begin(gradient.span(), StepContext{}); }),
              testing::HasSubstr("it needs eta="));
}

TEST(FindNonFinite, GivesTheFirstOne) {
  const cuda::Stream stream;
  const auto rule = make_device_feedback(parse_spec("ef14"), 3000, Commit::step, stream);
  auto x = numbers(3000, 0);
  cuda::DeviceBuffer<unsigned long long> first(1);
  cuda::DeviceBuffer<float> value(1);
  const auto find = [&] {
    const auto gradient = to_device(x, stream);
    find_non_finite(rule->begin(gradient.span(), StepContext{}), first.span().data(),
                    value.span().data(), stream);
    return to_host(first.span(), stream).front();
  };
  EXPECT_EQ(find(), 3000u);
  x[2777] = std::numeric_limits<float>::quiet_NaN();
  x[1234] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(find(), 1234u);
  EXPECT_EQ(to_host(value.span(), stream).front(), std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace pith::test
