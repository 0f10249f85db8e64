// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include <pith/compressors/skinny.h>

namespace pith::test {

// The products of skinny.h, element by element in the order of summation that it states.

/// The sum of terms[i], in 16 partial sums that are added as a tree.
template <class T>
T striped_sum(const std::vector<T>& terms) {
  T sums[16] = {};
  for (std::size_t i = 0; i < terms.size(); ++i) sums[i % 16] += terms[i];
  for (std::size_t half = 8; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) sums[l] += sums[l + half];
  }
  return sums[0];
}

template <Element T>
std::vector<T> plain_project_rows(Matrix<const T> m, Matrix<const T> q) {
  std::vector<T> p;
  for (std::size_t k = 0; k < q.rows; ++k) {
    for (std::size_t i = 0; i < m.rows; ++i) {
      std::vector<T> terms;
      for (std::size_t c = 0; c < m.columns; ++c) terms.push_back(m.at(i, c) * q.at(k, c));
      p.push_back(striped_sum(terms));
    }
  }
  return p;
}

template <Element T>
std::vector<T> plain_project_columns(Matrix<const T> m, Matrix<const T> p, std::vector<T> q) {
  for (std::size_t k = 0; k < p.rows; ++k) {
    for (std::size_t c = 0; c < m.columns; ++c) {
      T sum = 0;
      for (std::size_t i = 0; i < m.rows; ++i) {
        sum += p.at(k, i) * m.at(i, c);
        if (i + 1 < m.rows && (i + 1) % 256 != 0) continue;
        q[k * m.columns + c] += sum;
        sum = 0;
      }
    }
  }
  return q;
}

template <Element T>
std::vector<T> plain_add_product(T a, Matrix<const T> p, Matrix<const T> q, std::vector<T> m) {
  for (std::size_t i = 0; i < p.columns; ++i) {
    for (std::size_t c = 0; c < q.columns; ++c) {
      for (std::size_t k = 0; k < p.rows; ++k) {
        m[i * q.columns + c] += (a * p.at(k, i)) * q.at(k, c);
      }
    }
  }
  return m;
}

}  // namespace pith::test
