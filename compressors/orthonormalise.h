// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <pith/compressors/matrix.h>
#include <pith/core/random.h>

namespace pith {

/// Replaces the rows of `vectors` by orthonormal ones; the first j span what the first j rows did.
///
/// Gram-Schmidt, every row twice, sums in double, in a fixed order: equal input gives equal bits. A
/// row that is zero, not finite, or within rounding of the span of the rows above it (2^-19 of its
/// length in float, 2^-48 in double) is replaced by a random direction, so the result is a full
/// basis whatever the input. Random numbers are sums of four uniforms, bell-shaped like a normal
/// but exact on every machine, from the blocks of `random` numbered `first` and on.
///
/// Shapes  vectors: rows <= columns.
/// Cost    about 4 rows^2 columns operations.
/// Throws  UsageError if there are more rows than columns.
/// Source  Giraud, Langou and Rozloznik 2005, "The loss of orthogonality in the Gram-Schmidt
///         orthogonalization process": twice is enough.
template <Element T>
void orthonormalise(Matrix<T> vectors, const Random& random, std::uint64_t first = 0);

}  // namespace pith
