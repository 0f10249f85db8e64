// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/message.h>
#include <pith/core/spec.h>

namespace pith {

/// cast(fp16), cast(bf16), cast(fp32): every element in a shorter format, rounded to nearest, ties
/// to even. A double is rounded to float first. What lies beyond the largest finite number of the
/// format becomes that number: 65,504, 3.39e38, 3.40e38.
///
/// Wire     2 or 4 bytes per element, zero padding.
/// Error    |x - decode(x)| <= u |x| with u = 2^-11, 2^-8, 2^-24 (fp32 of a float: 0) where x is in
///          the format's normal range: [2^-14, 65504] for fp16, [2^-126, 3.39e38] for the others.
///          Below it at most 2^-25 for fp16. Contraction 1 - u^2, stated for bf16 and fp32 only:
///          gradients below fp16's range are common, and those below 2^-25 become 0.
/// Cost     one pass; decoding reads the message twice.
/// Throws   open: WireError for a wrong length, padding, or a value that is not finite.
template <Element T>
std::unique_ptr<MessageCompressor<T>> make_cast(const Spec& spec);

}  // namespace pith
