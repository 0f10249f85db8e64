// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/message.h>
#include <pith/compressors/sparse_message.h>
#include <pith/core/arguments.h>
#include <pith/core/spec.h>

namespace pith {

/// Selects the k elements of largest magnitude of every `block` elements, ties to the lowest index;
/// k is an argument of the spec. Throws UsageError unless 1 <= k <= block.
template <Element T>
std::unique_ptr<Selector<T>> make_largest_of_blocks(const Spec& spec, Arguments& arguments,
                                                    std::uint64_t block);

/// blocktopk(k=K,block=4096): the K elements of largest magnitude of every block, ties to the
/// lowest index. The last block, which may be shorter, keeps as many, or all that it has. Blocks
/// are chosen from one by one, so it costs much the same whatever x is, and no region of a large
/// tensor is left out; the elements kept are not quite the largest of the whole.
///
/// Further arguments, the wire and what decoding throws: sparse_message.h. `second` codes the kept
/// values; null: as they are.
///
/// Wire     as topk, c being K for every block.
/// Error    ||x - decode(x)||^2 = ||x||^2 - the K largest squares of each block: contraction
///          min(K, b) / b for blocks of b = min(block, n) elements.
/// Bias     deterministic, so biased: use under error feedback.
/// Cost     one read of x, in parts by threads(), two more of each block in the cache; scratch K
///          indices and values per block, block + 64 candidates for every thread.
/// Throws   UsageError unless 1 <= K <= block <= 2^20.
template <Element T>
std::unique_ptr<SparseCompressor<T>> make_blocktopk(const Spec& spec,
                                                    std::unique_ptr<MessageCompressor<T>> second);

}  // namespace pith
