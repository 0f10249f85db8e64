// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/compressors/device_source.h>
#include <pith/compressors/message.h>
#include <pith/core/range.h>
#include <pith/cuda/device_scratch.h>
#include <pith/cuda/memory.h>
#include <pith/cuda/stream.h>

namespace pith {

/// What an ErrorCurve looks at of a tensor on a device: composed there, by one kernel, and brought
/// to the host, where the estimators are those of any tensor. So the errors are those of the host,
/// bit for bit, and no state changes.
///
/// A step is begin(), with what ErrorCurve::looked_at() says, wait(), and observe().
/// Cost     of what is looked at, usually a 64th: one read of it on the device, and the way to the
///          host.
/// Memory   what is looked at, once in `scratch` and once in pinned memory.
/// Throws   DeviceError.
class DeviceLook final : public Peekable<float> {
 public:
  /// Puts all the work into the stream. The ranges' beginnings ascend; those of the step before
  /// have been waited for.
  void begin(const DeviceSource& x, std::span<const Range> ranges, cuda::DeviceScratch& scratch,
             DeviceStream stream);

  /// The host waits until all is there.
  void wait() const { arrived_.wait(); }

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
  void cut(std::span<const Range> ranges);

  std::size_t size_ = 0;
  std::size_t pieces_ = 0;
  cuda::PinnedBuffer<Piece> cut_;
  cuda::PinnedBuffer<float> elements_;
  cuda::Event arrived_;
};

}  // namespace pith
