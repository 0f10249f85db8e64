// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>

#include <gmock/gmock.h>

#include <pith/adaptive/device_look.h>
#include <pith/adaptive/error_curve.h>
#include <pith/core/random.h>
#include <pith/feedback/device_feedback.h>
#include <pith/feedback/registry.h>

#include "support/device.h"

namespace pith::test {
namespace {

// Their magnitudes differ from place to place, so that it shows which ones are looked at.
std::vector<float> gradient_of(std::size_t n, std::uint64_t step) {
  const Random random({.seed = 11, .step = step});
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>(i % 997 + 1) * (random.uniform(i) - 0.5f);
  }
  return x;
}

std::vector<Pipeline> pipelines(const std::vector<std::string>& specs) {
  std::vector<Pipeline> out;
  for (const std::string& spec : specs) out.push_back(parse_pipeline(spec));
  return out;
}

const std::vector<std::string> kSampled{"none",   "topk(density=0.01)", "quantize(bits=4)",
                                        "onebit", "cast(bf16)",         "randomk(density=0.1)"};

struct Curves {
  Curves(const std::vector<std::string>& specs, const Shape& shape, Sampling sampling)
      : host(pipelines(specs), shape, sampling), device(pipelines(specs), shape, sampling) {}

  ErrorCurve<float> host;
  ErrorCurve<float> device;
};

// Two steps of one rank under a rule.
void expect_the_hosts_sums(const std::vector<std::string>& specs, const Shape& shape,
                           const std::string& rule, Sampling sampling) {
  const std::size_t n = shape.elements();
  const cuda::Stream stream;
  Curves curves(specs, shape, sampling);
  const auto host = make_feedback<float>(parse_spec(rule), n, Commit::step);
  const auto device = make_device_feedback(parse_spec(rule), n, Commit::step, stream);
  DeviceLook look;
  Scratch scratch;
  for (std::uint64_t step = 0; step < 2; ++step) {
    const RandomKey key{.seed = 1, .tensor = 2, .step = step, .rank = 3};
    const StepContext context{.step = step, .learning_rate = 0.1, .gradient_scale = 0.5};
    const auto gradient = gradient_of(n, step);
    std::vector<float> composed(n);
    const auto x = host->compose_all(0, gradient, context, composed);
    EXPECT_TRUE(curves.host.observe(WholeSource<float>(x), key, scratch, 4));

    const auto there = to_device(gradient, stream);
    const DeviceSource source = device->begin(there.span(), context);
    look.prepare(curves.device.looked_at(key, scratch));
    look.begin(source, stream);
    cuda::synchronize(stream);
    EXPECT_TRUE(curves.device.observe(look, key, scratch, 4));
    EXPECT_THAT(curves.device.sums(), testing::ElementsAreArray(curves.host.sums())) << step;

    const std::vector<float> sent(x.begin(), x.end());
    host->commit_all(n, ExactlySent<float>(std::span(sent).first(n)));
    cuda::DeviceBuffer<float> sent_there(n);
    send_exactly(source, sent_there.span(), stream);
    host->accept();
    device->accept();
  }
}

TEST(DeviceErrorCurve, HasTheHostsSumsWhateverIsComposed) {
  for (const char* rule : {"none", "ef14", "ef21", "ef21_sgdm(eta=0.3)", "econtrol(eta=0.1)"}) {
    expect_the_hosts_sums(kSampled, Shape{30, 1001}, rule, {.one_in = 4, .least_runs = 2});
  }
}

TEST(DeviceErrorCurve, HasTheHostsSumsForAnySizeAndSampling) {
  for (const std::size_t n : {0u, 1u, 100u, 4097u, 300000u}) {
    for (const std::size_t one_in : {1u, 3u, 64u}) {
      expect_the_hosts_sums(kSampled, Shape::flat(n), "ef14", {.one_in = one_in, .least_runs = 3});
    }
  }
}

TEST(DeviceErrorCurve, LooksAtAllWhereACandidateNeedsIt) {
  expect_the_hosts_sums({"lowrank(rank=2)", "topk(density=0.01)|quantize(bits=4)", "onebit"},
                        Shape{90, 101}, "ef14", {});
}

TEST(DeviceErrorCurve, LeavesOutAStepThatIsNotFinite) {
  const cuda::Stream stream;
  Curves curves(kSampled, Shape{1000}, {.one_in = 1});
  auto gradient = gradient_of(1000, 0);
  gradient[777] = HUGE_VALF;
  const auto there = to_device(gradient, stream);
  const DeviceSource source{.size = 1000, .gradient = there.span().data()};
  DeviceLook look;
  Scratch scratch;
  look.prepare(curves.device.looked_at({}, scratch));
  look.begin(source, stream);
  cuda::synchronize(stream);
  EXPECT_FALSE(curves.device.observe(look, {}, scratch));
  EXPECT_EQ(curves.device.left_out(), 1);
}

}  // namespace
}  // namespace pith::test
