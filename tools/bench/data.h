// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <pith/core/element.h>

namespace pith::bench {

/// This rank's gradients: views of n elements of one array, each shifted by kShift elements against
/// the one before, so that a residual meets other numbers in every step, as it does in training.
///
///   gaussian   normal; the standard deviation is 2^-(j mod 7) in the j-th run of 2^20 elements
///   heavy      their cubes
///   sorted     the normal numbers in ascending order
///   periodic   4096 normal values again and again
///   constant   1
///   spike      normal, one element 10^6
///   zeros      normal in every 100th element, the others 0
///   (a path)   a file of float32 values, read again from its start if it is too short
///
/// Throws   UsageError if it is none of these, or the file cannot be read or holds values that are
///          not finite.
template <Element T>
class Gradients {
 public:
  Gradients(const std::string& kind, std::size_t n, std::uint64_t seed, int rank);

  std::span<const T> step(std::size_t i) const {
    return std::span(values_).subspan(i % kViews * kShift, n_);
  }

  std::size_t size() const { return n_; }

 private:
  static constexpr std::size_t kViews = 16;
  static constexpr std::size_t kShift = 64;

  std::size_t n_;
  std::vector<T> values_;
};

}  // namespace pith::bench
