// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/core/element.h>

// What rounding to whole numbers costs. Element i is added to partial sum i % 16, in T, and these
// are added as a tree: every instruction set gives the same bits.
namespace pith {

/// Sums over d, the distance to the nearest whole number.
struct Distances {
  double sum = 0;      ///< of d
  double squares = 0;  ///< of d^2
};

/// Of (x[i] - offset) scale, which lie from 0 to 2^10; at most 2^16 of them.
template <Element T>
Distances distances_to_whole(std::span<const T> x, T offset, T scale);

/// Of |x[i]| scale, likewise.
template <Element T>
Distances distances_of_magnitudes(std::span<const T> x, T scale);

}  // namespace pith
