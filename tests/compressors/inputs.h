// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include <pith/core/element.h>
#include <pith/core/random.h>

namespace pith::test {

template <Element T>
std::vector<T> gaussian(std::size_t n, std::uint64_t seed = 1) {
  const Random random({.seed = seed});
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<T>(random.normal(i));
  return x;
}

/// 3 in the middle, 0 elsewhere.
template <Element T>
std::vector<T> one_hot(std::size_t n) {
  std::vector<T> x(n);
  if (n > 0) x[n / 2] = 3;
  return x;
}

template <Element T>
std::vector<T> constant(std::size_t n, T value) {
  return std::vector<T>(n, value);
}

/// 1, -0.9, 0.81, ...
template <Element T>
std::vector<T> geometric(std::size_t n) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<T>(std::pow(-0.9, static_cast<double>(i % 100)));
  }
  return x;
}

/// Multiples of 1/8 in [-4, 4), the same on every machine; the first is -0.
template <Element T>
std::vector<T> eighths(std::size_t n) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = (static_cast<T>((i * 37 + 32) % 64) - 32) / 8;
  }
  if (n > 0) x[0] = -T{0};
  return x;
}

/// sum of (x[i] - y[i])^2
template <Element T>
double squared_distance(const std::vector<T>& x, const std::vector<T>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    sum += difference * difference;
  }
  return sum;
}

}  // namespace pith::test
