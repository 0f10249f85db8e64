// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/core/element.h>

namespace pith {

/// How dot() cuts its sum: short enough that many threads of a device can work on one.
inline constexpr std::size_t kDotStripes = 16;
inline constexpr std::size_t kDotBlock = 256;
inline constexpr std::size_t kDotSums = 64;

/// sum of x[i] y[i], computed in double.
///
/// In each 256 elements, element i goes to partial sum i mod 16 and these are added as a tree. The
/// sum of block b goes to partial sum b mod 64, and these are added as a tree. So every instruction
/// set, and every device (orthonormalise.cu), gives the same bits.
template <Element T>
double dot(std::span<const T> x, std::span<const T> y);

/// x *= factor, each product computed in double.
template <Element T>
void scale_in_double(std::span<T> x, double factor);

}  // namespace pith
