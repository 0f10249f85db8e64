// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/core/element.h>

// Sums over a run of at most 2^16 elements, in T. Element i is added to partial sum i % 16, of
// squares i % 64, and these are added as a tree: every instruction set gives the same bits.
namespace pith {

/// Sums over d, the distance to the nearest whole number.
struct Distances {
  double sum = 0;      ///< of d
  double squares = 0;  ///< of d^2
};

/// Of (x[i] - offset) scale, which lie from 0 to 2^10.
template <Element T>
Distances distances_to_whole(std::span<const T> x, T offset, T scale);

/// Of |x[i]| scale, likewise.
template <Element T>
Distances distances_of_magnitudes(std::span<const T> x, T scale);

/// ||x||^2; in double where a T could not hold it, or the squares that matter. It is not finite if
/// an element is not.
template <Element T>
double squared_norm_of_run(std::span<const T> x);

}  // namespace pith
