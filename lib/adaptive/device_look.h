// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/compressors/device_source.h>
#include <pith/compressors/message.h>
#include <pith/core/range.h>
#include <pith/cuda/memory.h>
#include <pith/cuda/stream.h>

namespace pith {

/// What an ErrorCurve looks at of a tensor on a device: composed there, by one kernel, and brought
/// to the host, where the estimators are those of any tensor. So the errors are those of the host,
/// bit for bit, and no state changes.
///
/// A step is prepare(), with what ErrorCurve::looked_at() says, begin(), and, once the stream is
/// done, observe().
/// Cost     of what is looked at, usually a 64th: one read of it on the device, and the way to the
///          host.
/// Memory   what is looked at, once on the device and once in pinned memory.
/// Throws   DeviceError.
class DeviceLook final : public Peekable<float> {
 public:
  /// Takes the memory. The ranges' beginnings ascend; those of the step before have been waited
  /// for.
  void prepare(std::span<const Range> ranges);

  /// Puts all the work into the stream.
  void begin(const DeviceSource& x, DeviceStream stream);

  std::size_t size() const override { return size_; }

  /// Of one of the ranges.
  void peek(Range range, std::span<float> out) const override;

  /// Elements from `begin` on, as number `place` of all that are looked at.
  struct Piece {
    std::size_t begin = 0;
    std::size_t place = 0;
    std::size_t size = 0;
  };

 private:
  std::size_t size_ = 0;    // of the tensor
  std::size_t pieces_ = 0;  // that are looked at, and their elements
  std::size_t elements_ = 0;
  cuda::PinnedBuffer<Piece> cut_;
  cuda::PinnedBuffer<float> composed_;
  cuda::DeviceBuffer<Piece> cut_there_;
  cuda::DeviceBuffer<float> composed_there_;
};

}  // namespace pith
