// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/compressors/matrix.h>

// Products of a large matrix with the two skinny factors of a low-rank one. The factors are kept as
// r long rows each: p is r x (all rows), q is r x columns.
//
// `m` may be a part of the whole matrix, from row or element `first` on, so that a caller can pass
// block by block what it has just computed, while the block is in the cache. Each function reads m
// once, in 2 r operations per element, allocates nothing and is free of data races if what threads
// pass as m, and the q that they add to, are their own.
//
// Every result has one order of summation, stated here, whatever the rank, the cut into blocks and
// the instruction set are: equal bits. Kernels exist for 8, 4, 2 and 1 rows of the factors, and
// other ranks are made of these.
namespace pith {

/// Rows that project_columns() sums on their own. A cut into blocks at multiples of it leaves all
/// bits as they are.
inline constexpr std::size_t kSummedRows = 256;

/// p[:, first + i] = q m[i]: the products of every row of m with every row of q.
///
/// Element c goes to partial sum c mod 16, and the partial sums are added as a tree.
template <Element T>
void project_rows(Matrix<const T> m, Matrix<const T> q, Matrix<T> p, std::size_t first = 0);

/// q += p[:, first ...] m
///
/// The rows of every kSummedRows of m are summed one after the other, from zero, and these sums are
/// added to q one after the other. So a thread may sum some of these blocks to a zeroed q of its
/// own each; added in the order of the rows, they give the bits of one call.
template <Element T>
void project_columns(Matrix<const T> m, Matrix<const T> p, Matrix<T> q, std::size_t first = 0);

/// m += a p^T q, for the elements from number `first` on, row after row: as many as m has.
///
/// Element by element (a p) q is added for one row of the factors after the other.
template <Element T>
void add_product(T a, Matrix<const T> p, Matrix<const T> q, std::span<T> m, std::size_t first = 0);

}  // namespace pith
