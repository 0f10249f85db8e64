// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/core/element.h>

// The arithmetic of the Adam family, element by element; spans of one length.
namespace pith::adam {

/// v = b2 v + (1 - b2) g^2
template <Element T>
void average_squares(T b2, std::span<const T> g, std::span<T> v);

/// The same of the gradients that lead from the momentum m to `next`: g = (next - b1 m) / (1 - b1).
template <Element T>
void average_rebuilt_squares(T b1, T b2, std::span<const T> m, std::span<const T> next,
                             std::span<T> v);

/// x *= 0 where v is 0: what is not finite is still seen.
template <Element T>
void mask(std::span<const T> v, std::span<T> x);

/// out = m / (sqrt(v) + eps) + decay w; `out` may be m.
template <Element T>
void direction(std::span<const T> m, std::span<const T> v, std::span<const T> w, T eps, T decay,
               std::span<T> out);

/// The largest (sqrt(v) + eps) / (sqrt(fresh) + eps) of the elements whose v is not zero; 1 if
/// there are none.
template <Element T>
T largest_ratio(std::span<const T> v, std::span<const T> fresh, T eps);

/// x = (u - rate x) (sqrt(v) + eps): where a rank has moved to since it was in step with the
/// others, in units of momentum times rate.
template <Element T>
void displacement(std::span<const T> u, std::span<const T> v, T rate, T eps, std::span<T> x);

/// x /= sqrt(v) + eps
template <Element T>
void precondition(std::span<const T> v, T eps, std::span<T> x);

}  // namespace pith::adam
