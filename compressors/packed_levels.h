// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/core/element.h>

// Levels of an evenly spaced scale (even_levels.h) as codes of 4 or 8 bits, decoded as they lie.
// Every instruction set gives the same.
namespace pith {

/// Levels as codes of 4 or 8 bits, as codes.h packs them, from a byte's start on.
template <Element T>
struct PackedLevels {
  const std::byte* codes;
  T min;
  T unit;
};

/// y[i] += a (min + unit level i); width is 4 or 8.
template <Element T>
void add_packed_levels(T a, const PackedLevels<T>& packed, unsigned width, std::span<T> y);

/// y[i] = (0 + what code i of the first stands for + that of the next ...) / divisor, for up to
/// eight of them; `streamed`: past the caches (stream() of vector.h).
/// Cost   one write of y.
template <Element T>
void mean_packed_levels(std::span<const PackedLevels<T>> all, unsigned width, T divisor,
                        std::span<T> y, bool streamed);

}  // namespace pith
