// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include <pith/core/element.h>

namespace pith {

/// A row-major matrix in memory that belongs to somebody else.
template <class T>
struct Matrix {
  std::span<T> values;  ///< rows * columns
  std::size_t rows = 0;
  std::size_t columns = 0;

  std::span<T> row(std::size_t i) const { return values.subspan(i * columns, columns); }
  T& at(std::size_t i, std::size_t j) const { return values[i * columns + j]; }

  operator Matrix<const T>() const requires(!std::is_const_v<T>) { return {values, rows, columns}; }
};

/// sum of x[i] y[i], computed in the type Sum.
///
/// Element i goes to partial sum i mod 16 and the partial sums are added as a tree, whatever the
/// machine's vectors are, so that every instruction set gives the same bits.
template <class Sum, Element T>
Sum dot(std::span<const T> x, std::span<const T> y);

// Low-rank matrices are kept as two thin factors with r long rows each: p is r x rows(m), q is
// r x columns(m). Each function reads m once, row by row, in 2 rows(m) columns(m) r operations.

/// p = (m q^T)^T: the products of every row of m with every row of q.
template <Element T>
void project_rows(Matrix<const T> m, Matrix<const T> q, Matrix<T> p);

/// q = p m
template <Element T>
void project_columns(Matrix<const T> m, Matrix<const T> p, Matrix<T> q);

/// m += a p^T q
template <Element T>
void add_product(T a, Matrix<const T> p, Matrix<const T> q, Matrix<T> m);

}  // namespace pith
