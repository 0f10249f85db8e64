// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <pith/compressors/device_source.h>
#include <pith/compressors/guarantee.h>
#include <pith/compressors/message.h>
#include <pith/core/device_span.h>
#include <pith/core/random.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>
#include <pith/cuda/device_scratch.h>

namespace pith {

/// What kernels find wrong, in the memory of the device: they cannot throw. Cleared by whoever
/// begins a step, looked at by whoever ends it.
struct DeviceFault {
  std::uint32_t non_finite = 0;  ///< 1: a composed element is a NaN or an infinity
  std::uint32_t invalid = 0;     ///< 1: a message that was decoded is not valid
};

/// Where encode() writes on the device: a place of `stride` bytes for each segment, place_bytes()
/// or more and a multiple of kWireAlignment, and how many bytes it took of it, a multiple of
/// kWireAlignment too.
struct DeviceWire {
  DeviceSpan<std::byte> bytes;
  std::size_t stride = 0;
  DeviceSpan<std::uint64_t> sizes;  ///< one per segment
  DeviceFault* fault = nullptr;     ///< on the device
};

/// A segment on its way in. Its bytes may be more than it took; what follows is not looked at.
struct DeviceSegment {
  DeviceSpan<const std::byte> bytes;
  /// On the device: so many elements it has, at most as many as the mean.
  const std::uint32_t* count = nullptr;
  /// On the device: it begins so many bytes further on, a multiple of kWireAlignment.
  const std::uint64_t* offset = nullptr;
  /// On the device: the number of its first element in its tensor, not the call's.
  const std::uint32_t* first = nullptr;
};

/// MessageCompressor (message.h) for tensors of floats on a device: the same bytes for finite
/// input, the same means, bit for bit. All work is put into `stream` and done when that comes to
/// it; no call waits for it, and what the work needs of the host's memory is copied before a call
/// returns.
///
/// One instance per tensor; the spans of a call are those of one device.
/// Throws   UsageError, DeviceError before anything is put into the stream.
class DeviceMessageCompressor {
 public:
  virtual ~DeviceMessageCompressor() = default;

  /// Composes, encodes and commits x: one message of segments, cut at `cuts`. An element that is
  /// not finite is noted in wire.fault; what was written is worth nothing then.
  virtual void encode(const DeviceSource& x, Cuts cuts, const RandomKey& key,
                      const DeviceWire& wire, cuda::DeviceScratch& scratch,
                      DeviceStream stream) = 0;

  /// mean = (the sum of what the segments decode to, in their order) / divisor. They are those of
  /// several ranks, at least one, for the same elements, of which the first is number `first` of
  /// its tensor. A segment that is not valid is noted in `fault` and nothing beyond it is touched.
  virtual void decode_mean(std::span<const DeviceSegment> segments, std::size_t first,
                           float divisor, DeviceSpan<float> mean, DeviceFault* fault,
                           cuda::DeviceScratch& scratch, DeviceStream stream) const = 0;

  /// The host's compressor of the same messages.
  virtual const MessageCompressor<float>& host() const = 0;

  /// For tensors of n elements.
  Guarantee guarantee(std::size_t n) const { return host().guarantee(n); }

  /// Room for any segment of a message that is cut there: no more than all of it takes.
  std::size_t place_bytes(Cuts cuts) const;
};

/// The device's compressor of that description. Throws UsageError as make_message(), and if it is
/// not one of those that run on a device: identity, cast, onebit, levels, quantize but for
/// coding=elias, topk, threshold.
std::unique_ptr<DeviceMessageCompressor> make_device_message(const Pipeline& pipeline,
                                                             const Shape& shape);

}  // namespace pith
