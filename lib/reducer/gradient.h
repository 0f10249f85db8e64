// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <variant>

#include <pith/core/device_span.h>
#include <pith/core/element.h>
#include <pith/core/half.h>
#include <pith/core/range.h>

namespace pith {

/// A point in a stream's work.
class DeviceMark {
 public:
  virtual ~DeviceMark() = default;
};

/// Memory of a device, complete when the stream comes to the mark.
struct DeviceMemory {
  std::variant<DeviceSpan<float>, DeviceSpan<Half>, DeviceSpan<BFloat16>> values;
  DeviceStream stream = nullptr;
  std::shared_ptr<const DeviceMark> mark = nullptr;
};

/// The trainer's memory for one tensor in one step, in whichever type it is.
using GradientMemory = std::variant<std::span<float>, std::span<double>, std::span<Half>,
                                    std::span<BFloat16>, DeviceMemory>;

/// What a rank gave for a tensor in this step.
struct Given {
  enum class How { nothing, pushed, skipped };
  How how = How::nothing;
  GradientMemory memory;
};

Space space_of(const GradientMemory& memory);
ElementType type_of(const GradientMemory& memory);
std::size_t size_of(const GradientMemory& memory);

// The functions below are for host memory.

/// These of its elements.
GradientMemory slice(const GradientMemory& memory, Range range);

/// Every element becomes a NaN.
void fill_with_nan(const GradientMemory& memory);

/// out = memory, converted. Exact for 16-bit types.
template <Element T>
void load(const GradientMemory& memory, std::span<T> out);

/// memory = x, rounded to nearest where the memory is in 16 bit.
template <Element T>
void store(std::span<const T> x, const GradientMemory& memory);

}  // namespace pith
