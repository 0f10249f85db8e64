// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/message.h>
#include <pith/core/spec.h>

namespace pith {

/// topk(density=D) or topk(k=K): exactly the k elements of largest magnitude of the whole tensor,
/// ties to the lowest index.
///
///   k = ceil(D n (1 - 1e-12)), at least 1 and at most n      (D in (0, 1]; 0 for n = 0)
///
/// sample=S (in (0, 1]): at most k elements, by a threshold from a sample of that share; exactly
/// the k largest where k lie above it (sampled_largest()). No contraction is promised then.
///
/// Further arguments, the wire and what decoding throws: sparse_message.h. `second` codes the kept
/// values; null: as they are.
///
/// Wire     of a segment of m elements that keeps c: padded(16 + i) bytes, where i is what the
///          index coder takes, at most min(4 c, ceil(m / 8)) with index=auto; and the values:
///          padded(c sizeof(T)) bytes without a second stage.
/// Error    ||x - decode(x)||^2 = ||x||^2 - the k largest squares <= (1 - k/n) ||x||^2: contraction
///          k/n, reached where all magnitudes are equal.
/// Bias     deterministic, so biased: use under error feedback.
/// Cost     one read of x (largest.h); scratch min(2 k, n) + 8192 candidates, k indices and values.
/// Throws   UsageError unless exactly one of density and k is given, in range.
/// Source   Aji and Heafield 2017, "Sparse Communication for Distributed Gradient Descent",
///          arXiv:1704.05021.
template <Element T>
std::unique_ptr<SparseCompressor<T>> make_topk(const Spec& spec,
                                               std::unique_ptr<MessageCompressor<T>> second);

}  // namespace pith
