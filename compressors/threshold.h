// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/bits.h>
#include <pith/compressors/message.h>
#include <pith/core/spec.h>

namespace pith {

/// threshold(value=V): the elements with |x| >= V, V > 0, however many they are.
///
/// Further arguments, the wire and what decoding throws: sparse_message.h. `second` codes the kept
/// values; null: as they are.
///
/// Wire     as topk, c being what was kept.
/// Error    |x - decode(x)| < V per element; no contraction, as nothing may be kept.
/// Bias     deterministic, so biased: use under error feedback.
/// Cost     one pass over x, in parts by threads(), and a copy of what all but the first keep;
///          scratch n indices and n values, and per thread those of 4 KiB more.
/// Throws   UsageError for a missing or non-positive V.
/// Source   Strom 2015, "Scalable Distributed DNN Training Using Commodity GPU Cloud Computing".
template <Element T>
std::unique_ptr<SparseCompressor<T>> make_threshold(const Spec& spec,
                                                    std::unique_ptr<MessageCompressor<T>> second);

/// The bits of the least magnitude that is kept: of the least T that is not below the value.
template <Element T>
BitsOf<T> least_kept(double value);

}  // namespace pith
