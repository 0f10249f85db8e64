// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <pith/core/element.h>

// Numbers on an evenly spaced scale: level l stands for min + unit l. Every instruction set gives
// the same.
namespace pith {

/// The number below 1/2: adding 1/2 itself would round up what lies just below it.
template <Element T>
inline constexpr T kHalf = T(0.5) - std::numeric_limits<T>::epsilon() / 4;

/// v, not below 0, with halves rounded up, at most `top`, which is below 256.
template <Element T>
constexpr std::uint8_t level_at(T v, T top) {
  const T inside = v < top ? v : top;
  return static_cast<std::uint8_t>(static_cast<std::int32_t>(inside + kHalf<T>));
}

template <Element T>
struct Extremes {
  T min;
  T max;
  bool finite;  ///< all elements are; if not, the others mean nothing
};

/// The least and the largest of x, which is not empty; never -0.
template <Element T>
Extremes<T> extremes(std::span<const T> x);

/// levels[i] = (x[i] - min) * (1 / unit), halves rounded up, at most `top`; finite x[i] >= min,
/// unit > 0, top < 256. Where no T holds 1 / unit it is (x[i] - min) / unit.
template <Element T>
void nearest_levels(std::span<const T> x, T min, T unit, T top, std::span<std::uint8_t> levels);

/// The same with top = 15, as codes of 4 bits from a byte's start on; x.size() is even. False, and
/// nothing is written, where no T holds 1 / unit.
template <Element T>
bool nearest_nibbles(std::span<const T> x, T min, T unit, std::byte* packed);

/// y[i] += a (min + unit levels[i])
template <Element T>
void add_levels(T a, std::span<const std::uint8_t> levels, T min, T unit, std::span<T> y);

}  // namespace pith
