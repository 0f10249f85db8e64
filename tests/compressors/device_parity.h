// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <pith/compressors/device_message.h>
#include <pith/cuda/device_scratch.h>
#include <pith/cuda/stream.h>

#include "compressors/message_codec.h"

namespace pith::test {

inline constexpr Composing kComposings[] = {Composing::gradient, Composing::residual,
                                            Composing::difference, Composing::momentum,
                                            Composing::control};

/// What a DeviceSource points to, on the host.
struct ComposedInput {
  Composing composing = Composing::gradient;
  std::vector<float> gradient;
  float gradient_scale = 1;
  float state_scale = 1;
  float eta = 1;
  std::vector<float> own = {};
  std::vector<float> other = {};
};

/// A gradient, and states that are not zero, with scales that are not 1.
ComposedInput composed_input(Composing composing, const std::vector<float>& gradient);

/// A message, and what it left behind.
struct EncodedStep {
  Encoded message;
  std::vector<float> own;
  std::vector<float> other;
};

/// Where the next states go.
enum class Next : bool { apart, in_place };

/// One spec on the host and on the device.
class DeviceParity {
 public:
  explicit DeviceParity(std::string_view spec);

  /// As the host's rules compose, encode and commit it.
  EncodedStep on_host(const ComposedInput& input, const std::vector<std::size_t>& cuts,
                      const RandomKey& key);

  /// In one call. With `spare` the arrays have so many elements more, which are no numbers, and
  /// only the device knows how many there are.
  EncodedStep on_device(const ComposedInput& input, const std::vector<std::size_t>& cuts,
                        const RandomKey& key, Next next = Next::apart, std::size_t spare = 0);

  /// Both, which have to be the same, bit by bit.
  void expect_same_step(const ComposedInput& input, const std::vector<std::size_t>& cuts,
                        const RandomKey& key, Next next = Next::apart, std::size_t spare = 0);

  /// The means of segments of several ranks, which begin at `first`; none if one is not valid.
  using Mean = std::optional<std::vector<float>>;
  Mean mean_on_host(const std::vector<Bytes>& segments, std::size_t first, std::size_t n,
                    float divisor);
  Mean mean_on_device(const std::vector<Bytes>& segments, std::size_t first, std::size_t n,
                      float divisor, std::size_t spare = 0);
  void expect_same_mean(const std::vector<Bytes>& segments, std::size_t first, std::size_t n,
                        float divisor, std::size_t spare = 0);

  /// Of the last call on the device.
  const DeviceFault& fault() const { return fault_; }

  MessageCodec<float>& host() { return host_; }
  DeviceMessageCompressor& device() { return *device_; }
  const cuda::DeviceScratch& scratch() const { return scratch_; }

 private:
  MessageCodec<float> host_;
  std::unique_ptr<DeviceMessageCompressor> device_;
  cuda::DeviceScratch scratch_;
  cuda::Stream stream_;
  DeviceFault fault_;
};

}  // namespace pith::test
