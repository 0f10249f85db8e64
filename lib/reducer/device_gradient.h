// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <pith/core/device_span.h>
#include <pith/core/element.h>
#include <pith/cuda/memory.h>
#include <pith/reducer/gradient.h>

namespace pith {

/// The trainer's memory for one tensor on a device as floats: in place, or in a copy where it is in
/// 16 bits. The bits are those of load() and store() in host memory (gradient.h).
///
/// Memory   n floats for n elements in 16 bits, else none.
class DeviceGradient {
 public:
  DeviceGradient(ElementType type, std::size_t elements);

  /// Both are work for the stream. From take() on, floats() have this memory's elements, exactly,
  /// or room for them if it does not load; store() rounds them back to nearest, ties to even.
  void take(const DeviceMemory& memory, bool loads, DeviceStream stream);
  void store(const DeviceMemory& memory, DeviceStream stream) const;

  DeviceSpan<float> floats() const { return floats_; }

 private:
  cuda::DeviceBuffer<float> widened_;
  DeviceSpan<float> floats_;
};

}  // namespace pith
