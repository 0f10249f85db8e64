// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include <pith/core/element.h>

// Numbers on an evenly spaced scale: level l stands for min + unit l. Every instruction set gives
// the same.
namespace pith {

template <Element T>
struct MinMaxPair {
  T min;
  T max;
};

/// The least and the largest of x, which is not empty. Of equal zeros it may be either. With a NaN
/// among them: some elements of x, or that NaN.
template <Element T>
MinMaxPair<T> min_max(std::span<const T> x);

/// levels[i] = (x[i] - min) / unit, halves rounded up, at least 0 and at most `top`; unit > 0, top
/// < 256. A NaN becomes 0.
template <Element T>
void nearest_levels(std::span<const T> x, T min, T unit, T top, std::span<std::uint8_t> levels);

/// y[i] += a (min + unit levels[i])
template <Element T>
void add_levels(T a, std::span<const std::uint8_t> levels, T min, T unit, std::span<T> y);

}  // namespace pith
