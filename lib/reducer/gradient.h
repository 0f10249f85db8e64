// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <variant>

#include <pith/core/element.h>
#include <pith/core/half.h>
#include <pith/core/range.h>

namespace pith {

/// The trainer's memory for one tensor in one step, in whichever type it is.
using GradientMemory =
    std::variant<std::span<float>, std::span<double>, std::span<Half>, std::span<BFloat16>>;

/// What a rank gave for a tensor in this step.
struct Given {
  enum class How { nothing, pushed, skipped };
  How how = How::nothing;
  GradientMemory memory;
};

ElementType type_of(const GradientMemory& memory);
std::size_t size_of(const GradientMemory& memory);

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
