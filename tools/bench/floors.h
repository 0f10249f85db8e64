// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <pith/core/element.h>

namespace pith::bench {

/// Seconds that memory alone asks for on one array of n elements, one thread.
struct FloorSeconds {
  double read = 0;          ///< every element once
  double copy = 0;          ///< to another array, as the C library does it
  double residual_add = 0;  ///< r += g: reads both, writes r; no error feedback can do less
};

/// Measures the floors in between the runs of a codec, on the same gradients.
template <Element T>
class Floors {
 public:
  explicit Floors(std::size_t n) : residual_(n) {}

  FloorSeconds measure(std::span<const T> gradient);

 private:
  std::vector<T> residual_;
};

}  // namespace pith::bench
