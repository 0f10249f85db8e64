// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/skinny.h>
#include <pith/compressors/source.h>
#include <pith/core/scratch.h>

// The products of skinny.h where the matrix is taken from a Source, in parts by threads(): equal
// bits for any number of them.
namespace pith {

/// p[:, i] = q m[i]. Some rows at a time are taken, found finite and multiplied while they are in a
/// cache. The last row may be shorter than those of q: what it lacks counts as zeros.
///
/// Shapes  q: r x columns, p: r x rows.
/// Throws  NonFiniteError if an element of m is a NaN or an infinity.
template <Element T>
void project_rows(Source<T>& m, Matrix<const T> q, Matrix<T> p);

/// q = p m. Each kSummedRows rows are taken and summed on their own. If an element of m is not
/// finite, neither are all of q.
///
/// Shapes  p: r x rows, q: r x columns.
/// Memory  with several threads r columns of scratch for every kSummedRows rows.
template <Element T>
void project_columns(Source<T>& m, Matrix<const T> p, Matrix<T> q, Scratch& scratch);

}  // namespace pith
