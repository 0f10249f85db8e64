// SPDX-License-Identifier: Apache-2.0
#include "compressors/device_parity.h"

#include <bit>
#include <limits>

#include <pith/core/vector.h>
#include <pith/feedback/kernels.h>

#include "compressors/inputs.h"
#include "support/device.h"

namespace pith::test {
namespace {

constexpr std::size_t kGuard = 64;  // bytes behind a place, which nobody may touch
constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();

std::vector<std::uint32_t> bits_of(const std::vector<float>& x) {
  std::vector<std::uint32_t> bits(x.size());
  std::ranges::transform(x, bits.begin(), [](float v) { return std::bit_cast<std::uint32_t>(v); });
  return bits;
}

bool has_own(Composing composing) { return composing != Composing::gradient; }
bool has_other(Composing composing) {
  return composing == Composing::momentum || composing == Composing::control;
}

// u, and the states as they are before it is known what was sent.
std::vector<float> compose(const ComposedInput& x, EncodedStep& step) {
  std::vector<float> u = x.gradient;
  const float a = x.gradient_scale;
  const float s = x.state_scale;
  step.own = x.own;
  step.other = x.other;
  switch (x.composing) {
    case Composing::gradient:
      scale(a, std::span(u));
      return u;
    case Composing::residual:
      combine<float>(a, x.gradient, s, x.own, u);
      step.own = u;
      return u;
    case Composing::difference:
      combine<float>(a, x.gradient, -s, x.own, u);
      break;
    case Composing::momentum:
      MomentumStep<float>{x.eta, a, s}.run(x.gradient, x.other, x.own, step.other, u);
      break;
    case Composing::control:
      ControlStep<float>{x.eta, a, s}.run(x.gradient, x.other, x.own, step.other, u);
      break;
  }
  scale(s, std::span(step.own));
  return u;
}

template <class V>
void append(std::vector<V>& x, std::size_t count, V value) {
  if (!x.empty()) x.insert(x.end(), count, value);
}

}  // namespace

ComposedInput composed_input(Composing composing, const std::vector<float>& gradient) {
  ComposedInput input{.composing = composing, .gradient = gradient};
  if (composing == Composing::gradient) return input;
  input.gradient_scale = 0.75f;
  input.state_scale = 0.9f;
  input.eta = 0.3f;
  if (has_own(composing)) input.own = gaussian<float>(gradient.size(), 5);
  if (has_other(composing)) input.other = gaussian<float>(gradient.size(), 6);
  return input;
}

DeviceParity::DeviceParity(std::string_view spec)
    : host_(spec), device_(make_device_message(parse_pipeline(spec), Shape::flat(1))) {}

EncodedStep DeviceParity::on_host(const ComposedInput& input, const std::vector<std::size_t>& cuts,
                                  const RandomKey& key) {
  EncodedStep step;
  const std::vector<float> u = compose(input, step);
  step.message = host_.encode_cut(u, cuts, key);
  for (std::size_t s = 0; s < step.message.segments.size(); ++s) {
    const Range part{cuts[s], cuts[s + 1]};
    const auto take_off = [&](float a, std::vector<float>& state) {
      if (part.size() > 0) {
        host_->decode_axpy(a, step.message.segment(s), slice(std::span(state), part),
                           host_.scratch());
      }
    };
    if (input.composing == Composing::residual) take_off(-1, step.own);
    if (input.composing == Composing::control) take_off(-1, step.other);
    if (has_own(input.composing) && input.composing != Composing::residual) take_off(1, step.own);
  }
  return step;
}

EncodedStep DeviceParity::on_device(const ComposedInput& input,
                                    const std::vector<std::size_t>& cuts, const RandomKey& key,
                                    Next next, std::size_t spare) {
  ComposedInput padded = input;
  for (auto* x : {&padded.gradient, &padded.own, &padded.other}) append(*x, spare, kNoNumber);
  const std::size_t n = input.gradient.size();
  const auto gradient = to_device(padded.gradient, stream_);
  const auto own = to_device(padded.own, stream_);
  const auto other = to_device(padded.other, stream_);
  const cuda::DeviceBuffer<float> next_own(padded.own.size());
  const cuda::DeviceBuffer<float> next_other(padded.other.size());
  const auto count = to_device(std::vector{static_cast<std::uint32_t>(n)}, stream_);
  const bool apart = next == Next::apart;
  const DeviceSource source{.composing = input.composing,
                            .size = n + spare,
                            .count = spare > 0 ? count.span().data() : nullptr,
                            .gradient = gradient.span().data(),
                            .gradient_scale = input.gradient_scale,
                            .state_scale = input.state_scale,
                            .eta = input.eta,
                            .own = own.span().data(),
                            .next_own = apart ? next_own.span().data() : own.span().data(),
                            .other = other.span().data(),
                            .next_other = apart ? next_other.span().data() : other.span().data()};

  std::vector<std::size_t> given = cuts;
  given.back() += spare;
  const std::size_t stride = device_->place_bytes(given);
  const std::size_t places = segments(given);
  const auto bytes = to_device(Bytes(places * stride + kGuard, std::byte{0xff}), stream_);
  const auto sizes = to_device(std::vector<std::uint64_t>(places, ~std::uint64_t{0}), stream_);
  const auto fault = to_device(std::vector<DeviceFault>(1), stream_);
  device_->encode(source, given, key,
                  {bytes.span().first(places * stride), stride, sizes, fault.span().data()},
                  scratch_, stream_);
  std::ranges::fill(given, 0);  // a call keeps nothing of the host's

  EncodedStep step;
  step.own = to_host((apart ? next_own : own).span(), stream_);
  step.other = to_host((apart ? next_other : other).span(), stream_);
  if (!step.own.empty()) step.own.resize(n);
  if (!step.other.empty()) step.other.resize(n);
  fault_ = to_host(fault.span(), stream_)[0];
  const Bytes all = to_host(bytes.span(), stream_);
  const auto used = to_host(sizes.span(), stream_);
  step.message.cuts = cuts;
  for (std::size_t s = 0; s < places; ++s) {
    EXPECT_LE(used[s], stride);
    const auto start = all.begin() + static_cast<std::ptrdiff_t>(s * stride);
    step.message.segments.emplace_back(
        start, start + static_cast<std::ptrdiff_t>(std::min<std::size_t>(used[s], stride)));
  }
  EXPECT_TRUE(
      std::all_of(all.end() - kGuard, all.end(), [](std::byte b) { return b == std::byte{0xff}; }));
  return step;
}

void DeviceParity::expect_same_step(const ComposedInput& input,
                                    const std::vector<std::size_t>& cuts, const RandomKey& key,
                                    Next next, std::size_t spare) {
  const EncodedStep host = on_host(input, cuts, key);
  const EncodedStep device = on_device(input, cuts, key, next, spare);
  const auto where = [&] {
    return testing::Message() << input.gradient.size() << " elements in " << segments(cuts)
                              << " segments, composing " << static_cast<int>(input.composing);
  };
  EXPECT_TRUE(host.message == device.message) << where();
  EXPECT_EQ(bits_of(host.own), bits_of(device.own)) << where();
  EXPECT_EQ(bits_of(host.other), bits_of(device.other)) << where();
  EXPECT_EQ(fault_.non_finite, 0u) << where();
  EXPECT_EQ(fault_.invalid, 0u) << where();
}

DeviceParity::Mean DeviceParity::mean_on_host(const std::vector<Bytes>& segments, std::size_t first,
                                              std::size_t n, float divisor) {
  const Scratch::Frame frame(host_.scratch());
  std::vector<const Decoded<float>*> all;
  std::vector<float> mean(n);
  try {
    for (const Bytes& bytes : segments) {
      all.push_back(&host_->open({bytes, first}, n, host_.scratch()));
    }
  } catch (const WireError&) {
    return std::nullopt;
  }
  all.front()->mean(all, divisor, first, mean);
  return mean;
}

DeviceParity::Mean DeviceParity::mean_on_device(const std::vector<Bytes>& segments,
                                                std::size_t first, std::size_t n, float divisor,
                                                std::size_t spare) {
  std::vector<cuda::DeviceBuffer<std::byte>> buffers;
  std::vector<DeviceSegment> all;
  const auto count = to_device(std::vector{static_cast<std::uint32_t>(n)}, stream_);
  for (const Bytes& bytes : segments) {
    buffers.push_back(to_device(bytes, stream_));
    all.push_back({buffers.back(), spare > 0 ? count.span().data() : nullptr});
  }
  const auto mean = to_device(std::vector<float>(n + spare, kNoNumber), stream_);
  const auto fault = to_device(std::vector<DeviceFault>(1), stream_);
  device_->decode_mean(all, first, divisor, mean, fault.span().data(), scratch_, stream_);
  all.clear();  // a call keeps nothing of the host's
  std::vector<float> out = to_host(mean.span(), stream_);
  fault_ = to_host(fault.span(), stream_)[0];
  EXPECT_TRUE(std::all_of(out.begin() + static_cast<std::ptrdiff_t>(n), out.end(),
                          [](float v) { return v != v; }));
  out.resize(n);
  if (fault_.invalid != 0) return std::nullopt;
  return out;
}

void DeviceParity::expect_same_mean(const std::vector<Bytes>& segments, std::size_t first,
                                    std::size_t n, float divisor, std::size_t spare) {
  const Mean host = mean_on_host(segments, first, n, divisor);
  const Mean device = mean_on_device(segments, first, n, divisor, spare);
  ASSERT_EQ(host.has_value(), device.has_value()) << n << " elements from " << first;
  if (host) {
    EXPECT_EQ(bits_of(*host), bits_of(*device))
        << segments.size() << " ranks, " << n << " elements from " << first;
  }
}

}  // namespace pith::test
