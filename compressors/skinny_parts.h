// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include <pith/compressors/matrix.h>

// How the products of skinny.h are cut for their kernels.
namespace pith {

/// A rectangle of a row-major matrix, without a check in the way of the compiler.
template <class T>
struct Block {
  T* values = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t stride = 0;  ///< from one row to the next

  T* row(std::size_t i) const { return values + i * stride; }
};

/// `rows` rows from row i on, and of them `columns` from column j on.
template <class T>
Block<T> block(Matrix<T> m, std::size_t i, std::size_t rows, std::size_t j, std::size_t columns) {
  return {m.values.data() + i * m.columns + j, rows, columns, m.columns};
}

/// How many rows of the factors a kernel takes, known to it when it is compiled.
inline constexpr std::array<std::size_t, 4> kKernelRanks{8, 4, 2, 1};

/// Calls body(kernel, first, count) for parts that make up `rank` rows of the factors.
template <class Body>
void for_each_rank_part(std::size_t rank, Body body) {
  std::size_t first = 0;
  for (std::size_t kernel = 0; kernel < kKernelRanks.size(); ++kernel) {
    const std::size_t count = kKernelRanks[kernel];
    for (; first + count <= rank; first += count) body(kernel, first, count);
  }
}

}  // namespace pith
