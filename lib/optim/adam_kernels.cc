// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>

#include <pith/optim/adam_kernels.h>

namespace pith::adam {

template <Element T>
void average_squares(T b2, std::span<const T> g, std::span<T> v) {
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = b2 * v[i] + (T(1) - b2) * g[i] * g[i];
}

template <Element T>
void average_rebuilt_squares(T b1, T b2, std::span<const T> m, std::span<const T> next,
                             std::span<T> v) {
  for (std::size_t i = 0; i < v.size(); ++i) {
    const T g = (next[i] - b1 * m[i]) / (T(1) - b1);
    v[i] = b2 * v[i] + (T(1) - b2) * g * g;
  }
}

template <Element T>
void mask(std::span<const T> v, std::span<T> x) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] *= v[i] == 0 ? T(0) : T(1);
}

template <Element T>
void direction(std::span<const T> m, std::span<const T> v, std::span<const T> w, T eps, T decay,
               std::span<T> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = m[i] / (std::sqrt(v[i]) + eps) + decay * w[i];
  }
}

template <Element T>
T largest_ratio(std::span<const T> v, std::span<const T> fresh, T eps) {
  T largest = 0;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const T ratio = (std::sqrt(v[i]) + eps) / (std::sqrt(fresh[i]) + eps);
    largest = std::max(largest, v[i] == 0 ? T(0) : ratio);
  }
  return largest == 0 ? T(1) : largest;
}

template <Element T>
void displacement(std::span<const T> u, std::span<const T> v, T rate, T eps, std::span<T> x) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = (u[i] - rate * x[i]) * (std::sqrt(v[i]) + eps);
  }
}

template <Element T>
void precondition(std::span<const T> v, T eps, std::span<T> x) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] /= std::sqrt(v[i]) + eps;
}

#define PITH_ADAM_KERNELS(T)                                                                \
  template void average_squares(T, std::span<const T>, std::span<T>);                       \
  template void average_rebuilt_squares(T, T, std::span<const T>, std::span<const T>,       \
                                        std::span<T>);                                      \
  template void mask(std::span<const T>, std::span<T>);                                     \
  template void direction(std::span<const T>, std::span<const T>, std::span<const T>, T, T, \
                          std::span<T>);                                                    \
  template T largest_ratio(std::span<const T>, std::span<const T>, T);                      \
  template void displacement(std::span<const T>, std::span<const T>, T, T, std::span<T>);   \
  template void precondition(std::span<const T>, T, std::span<T>);
PITH_ADAM_KERNELS(float)
PITH_ADAM_KERNELS(double)
#undef PITH_ADAM_KERNELS

}  // namespace pith::adam
