// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/compressors/matrix.h>
#include <pith/core/vector.h>

namespace pith {

template <class Sum, Element T>
Sum dot(std::span<const T> x, std::span<const T> y) {
  constexpr std::size_t kLanes = 16;
  Sum lanes[kLanes] = {};
  const std::size_t whole = x.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) lanes[l] += Sum{x[i + l]} * Sum{y[i + l]};
  }
  for (std::size_t i = whole; i < x.size(); ++i) lanes[i - whole] += Sum{x[i]} * Sum{y[i]};
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
  }
  return lanes[0];
}

template <Element T>
void project_rows(Matrix<const T> m, Matrix<const T> q, Matrix<T> p) {
  for (std::size_t i = 0; i < m.rows; ++i) {
    for (std::size_t j = 0; j < q.rows; ++j) p.at(j, i) = dot<T, T>(m.row(i), q.row(j));
  }
}

template <Element T>
void project_columns(Matrix<const T> m, Matrix<const T> p, Matrix<T> q) {
  std::ranges::fill(q.values, T{0});
  for (std::size_t i = 0; i < m.rows; ++i) {
    for (std::size_t j = 0; j < q.rows; ++j) axpy<T>(p.at(j, i), m.row(i), q.row(j));
  }
}

template <Element T>
void add_product(T a, Matrix<const T> p, Matrix<const T> q, Matrix<T> m) {
  for (std::size_t i = 0; i < m.rows; ++i) {
    for (std::size_t j = 0; j < q.rows; ++j) axpy<T>(a * p.at(j, i), q.row(j), m.row(i));
  }
}

template double dot<double, float>(std::span<const float>, std::span<const float>);

#define PITH_INSTANTIATE(T)                                                      \
  template T dot<T, T>(std::span<const T>, std::span<const T>);                  \
  template void project_rows<T>(Matrix<const T>, Matrix<const T>, Matrix<T>);    \
  template void project_columns<T>(Matrix<const T>, Matrix<const T>, Matrix<T>); \
  template void add_product<T>(T, Matrix<const T>, Matrix<const T>, Matrix<T>);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
