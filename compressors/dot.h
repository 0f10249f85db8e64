// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/core/element.h>

namespace pith {

/// sum of x[i] y[i], computed in double.
///
/// Element i goes to partial sum i mod 16 and the partial sums are added as a tree, whatever the
/// machine's vectors are, so that every instruction set gives the same bits.
template <Element T>
double dot(std::span<const T> x, std::span<const T> y);

/// x *= factor, each product computed in double.
template <Element T>
void scale_in_double(std::span<T> x, double factor);

}  // namespace pith
