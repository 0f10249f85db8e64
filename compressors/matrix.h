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

  /// `count` rows from row i on.
  Matrix rows_from(std::size_t i, std::size_t count) const {
    return {values.subspan(i * columns, count * columns), count, columns};
  }

  template <class U>
  requires(std::is_same_v<U, const T> && !std::is_const_v<T>) operator Matrix<U>() const {
    return {values, rows, columns};
  }
};

}  // namespace pith
