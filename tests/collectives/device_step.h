// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <pith/collectives/device_exchange.h>
#include <pith/collectives/exchange.h>
#include <pith/comm/communicator.h>
#include <pith/feedback/device_feedback.h>
#include <pith/feedback/feedback.h>

#include "support/device.h"

namespace pith::test {

/// Zeros have a sign here.
inline std::vector<std::uint32_t> bits_of(const std::vector<float>& x) {
  std::vector<std::uint32_t> bits(x.size());
  if (!x.empty()) std::memcpy(bits.data(), x.data(), x.size() * sizeof(float));
  return bits;
}

/// Of one tensor: how it is exchanged, what compresses it, and its rule.
struct ExchangedTensor {
  Exchange exchange = Exchange::raw;
  std::string compressor;
  std::string rule;
};

/// False for compressors of messages that run on the host alone.
bool has_device_version(const ExchangedTensor& tensor);

/// Steps of one rank by the host's exchanges. Gradients depend on rank and step.
class HostSteps {
 public:
  HostSteps(const ExchangedTensor& tensor, std::size_t n, Communicator& communicator);
  ~HostSteps();

  /// The estimate.
  std::vector<float> step(std::uint64_t number) { return step(number, number); }
  /// With another step's gradient.
  std::vector<float> step(std::uint64_t number, std::uint64_t gradient);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// A round, and what it needs.
class DeviceBench {
 public:
  explicit DeviceBench(DeviceCommunicator& communicator)
      : round{communicator, scratch, stream, static_cast<float>(communicator.size()),
              fault_.span().data()} {
    cuda::clear(fault_.span(), stream);
  }

  static DeviceSource source_of(DeviceSpan<const float> x);

  /// Found so far.
  DeviceFault fault() { return to_host(fault_.span(), stream).front(); }

  cuda::Stream stream;
  cuda::DeviceScratch scratch;

 private:
  cuda::DeviceBuffer<DeviceFault> fault_{1};

 public:
  DeviceRound round;
};

/// The same steps by the device's.
class DeviceSteps {
 public:
  DeviceSteps(const ExchangedTensor& tensor, std::size_t n, DeviceCommunicator& communicator);
  ~DeviceSteps();

  std::vector<float> step(std::uint64_t number);
  DeviceFault fault();

  /// The step's work alone, of the gradient that is there; and what follows when it is agreed.
  void set_gradient(std::uint64_t number);
  void put_into_stream(std::uint64_t number);
  std::vector<float> accept();

  DeviceBench& bench();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pith::test
