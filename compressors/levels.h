// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/message.h>
#include <pith/core/spec.h>

namespace pith {

/// levels(bits=4,block=256): a sign and one of 2^(bits-1) magnitudes per element, between the
/// smallest and the largest magnitude of its block. For what a top-k keeps, whose magnitudes are
/// far from 0.
///
/// bits 3 to 8, L = 2^(bits-1) - 1:
///
///   lo, hi = bf16(min |x|), bf16(max |x|)           over the block
///   level  = round(L (|x| - lo) / (hi - lo))        decoded: +-(lo + (hi - lo) (level / L))
///
/// bits 2: lo and hi are the two-means of the block's magnitudes, the means of the smallest and of
/// the largest ones, divided where the squared error is least; L = 1.
///
/// Halves are rounded up; the sign is negative for x < 0 alone. Magnitudes beyond bf16's 3.39e38
/// become that.
///
/// Wire     {bf16 lo, bf16 hi} per block touched, then bits bits per element, least significant bit
///          first: the level, and the sign (1: negative) as the highest bit; zero padding.
/// Error    contraction a for blocks of B = min(block, n) elements, with u = 2^-8 the rounding of
///          bf16: bits 3 to 8: a = (1 - (u / (1 - u))^2) / (1 + max(0, B - 2) (1 + u)^2 / (4 L^2));
///          bits 2: a = (1 - u^2) 2 / (sqrt(B) + 1); B = 1: a = 1 - u^2. Blocks of zeros are exact.
/// Bias     deterministic, so biased: use under error feedback.
/// Cost     one read of x, two passes over each block in the cache; bits 2 sorts every block. No
///          scratch.
/// Throws   open: WireError for a wrong length, padding, or scales that are negative, not
///          finite, or not in order.
template <Element T>
std::unique_ptr<MessageCompressor<T>> make_levels(const Spec& spec);

}  // namespace pith
