// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/core/element.h>

// The loops of rules that are more than a sum of two vectors (combine() of vector.h). Spans have
// one length; `after` and `next` may be the state they follow from, or u, which is written last; u
// may be g.
// Every instruction set gives the same bits.
namespace pith {

/// after = (1 - eta) (s before) + eta (a g),   u = after - s own
template <Element T>
struct MomentumStep {
  T eta;
  T gradient_scale;  ///< a
  T state_scale;     ///< s

  void run(std::span<const T> g, std::span<const T> before, std::span<const T> own,
           std::span<T> after, std::span<T> u) const;
};

/// r = s error,   d = a g - s own,   u = share r + d,   next = r + d
template <Element T>
struct ControlStep {
  T share;
  T gradient_scale;  ///< a
  T state_scale;     ///< s

  void run(std::span<const T> g, std::span<const T> error, std::span<const T> own,
           std::span<T> next, std::span<T> u) const;
};

}  // namespace pith
