// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/decoded.h>
#include <pith/compressors/skinny.h>

namespace pith {

/// The matrix p^T q, never there as a whole: its elements are computed where they are added.
///
/// Shapes  p: r x rows, q: r x columns.
/// Cost    2 r operations per element.
template <Element T>
class Product final : public Decoded<T> {
 public:
  Product(Matrix<const T> p = {}, Matrix<const T> q = {}) : p_(p), q_(q) {}

  void axpy(T a, std::size_t first, std::span<T> y) const override {
    add_product(a, p_, q_, y, first);
  }

  std::span<const T> right() const { return q_.values; }

 private:
  Matrix<const T> p_;
  Matrix<const T> q_;
};

}  // namespace pith
