// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/index_coder.h>

namespace pith {

/// index=elias_fano: the low bits of all indices, and how many indices share each value of the high
/// ones. The bytes depend on count and n alone.
///
///   l = floor(log2(n / count))
///
/// Wire     the lowest l bits of each index, least significant bit first, zeros up to a whole byte;
///          then count + ceil(n / 2^l) bits, of which (index[i] >> l) + i is set for each i, zeros
///          up to a whole byte.
/// Error    none; up to 0.8 bit per index above H(p) / p for indices drawn with probability
///          p <= 0.25.
/// Throws   read: WireError for a wrong length, another number of ones, bits set behind the end,
///          and indices that do not ascend or lie outside.
/// Source   Elias 1974, "Efficient Storage and Retrieval by Content and Address of Static Files";
///          Fano 1971, "On the Number of Bits Required to Implement an Associative Memory".
const IndexCoder& elias_fano_indices();

}  // namespace pith
