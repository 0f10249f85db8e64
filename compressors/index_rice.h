// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/index_coder.h>

namespace pith {

inline constexpr unsigned kLargestRice = 31;  ///< parameter

/// index=rice: gaps (see gaps.h) as Golomb-Rice codes whose parameter k follows the data: every
/// block of 256 gaps has the one that makes it shortest, the lowest of several.
///
///   gap = q 2^k + r:  q in unary, r in k bits
///
/// Wire     u8 k[blocks], 0 to 31; then all r of all blocks, k bits each, least significant bit
///          first, zeros up to a whole byte; then all q: q zeros and a one each, zeros up to a
///          whole byte. count + sum(k + q) bits, and at most 14 to fill bytes.
/// Error    none; indices drawn with probability p take H(p) / p bits at least. The code itself
///          takes up to 3.4 % more for p <= 0.25, the directory 1/32 bit per index.
/// Throws   read: WireError for a wrong length, k > 31, bits set behind the end, and indices
///          outside.
/// Source   Golomb 1966, "Run-Length Encodings"; Rice and Plaunt 1971, "Adaptive Variable-Length
///          Coding for Efficient Compression of Spacecraft Television Data".
const IndexCoder& rice_indices();

}  // namespace pith
