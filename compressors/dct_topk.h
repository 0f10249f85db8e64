// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/message.h>
#include <pith/core/spec.h>

namespace pith {

/// dct_topk(k=K,chunk=64): the K coefficients of largest magnitude of the discrete cosine transform
/// of every chunk, ties to the lowest frequency.
///
///   x is cut into chunks, the last one filled up with zeros
///   c       = the transform of each chunk (dct.h), one behind the other
///   c'      = c where blocktopk(k=K,block=chunk) keeps it, else 0
///   decoded: the inverse transform of c'
///
/// Further arguments are those of sparse_message.h; `second` codes the kept coefficients; null: as
/// they are.
///
/// Wire     per segment: u32 front, u32 back, zero padding to 16 bytes, then the coefficients of
///          all chunks touched as blocktopk writes them, in one message; but those of a chunk that
///          is cut are a message of their own in both segments, of `front` bytes before and `back`
///          bytes behind the others. 0: there is none.
/// Error    contraction K / chunk, times that of the values: the transform keeps norms, and what
///          is beyond the tensor's end is only left out.
/// Bias     deterministic, so biased: use under error feedback.
/// Cost     the transform of each chunk, the selection of blocktopk.h; decoding: the inverse of
///          each chunk, whatever K is. Scratch: T for each coefficient.
/// Throws   UsageError unless 1 <= K <= chunk <= 1024; max_wire_bytes: UsageError above 2^32 -
///          chunk elements. open: WireError for a wrong length, padding, front or back, and what
///          blocktopk finds.
/// Source   Peng, Quesnelle, Kingma 2024, "DeMo: Decoupled Momentum Optimization",
///          arXiv:2411.19870, whose transform of a matrix has two dimensions.
template <Element T>
std::unique_ptr<MessageCompressor<T>> make_dct_topk(const Spec& spec,
                                                    std::unique_ptr<MessageCompressor<T>> second);

}  // namespace pith
