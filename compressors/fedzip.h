// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/message.h>
#include <pith/core/spec.h>

namespace pith {

/// fedzip(density=0.2,clusters=3,encoding=huffman|table|differences): what a top-k does not keep
/// becomes 0; then every element, zeros too, becomes the centroid of its cluster.
///
///   x'      = x where topk(density=D) keeps it, else 0
///   c, l    = the k-means of x' (kmeans.h): centroids, and the cluster of every element
///   decoded: c[l[i]]
///
/// The cluster that the zeros are in need not have centroid 0: kept values that are small against
/// the largest join it.
///
/// Wire     per segment: T c[clusters], ascending; u32 members[clusters], of this segment; then the
///          labels as labels.h writes them; zero padding. Of 3 clusters and n elements, r of them
///          outside the largest cluster: padded(3 (sizeof(T) + 4) + b) bytes with
///          huffman b = ceil((n + r) / 8), table b = ceil(r ceil(log2 n) / 8); differences: 8 and
///          what index_rice.h takes, for each of the two other clusters.
/// Error    contraction (1 - 2^-20) / n with density=1. None below: elements that are dropped are
///          decoded to a centroid that may have the other sign, which can add more error than
///          there was signal.
/// Bias     deterministic, so biased: use under error feedback, behind topk(...)| if it has to
///          converge.
/// Cost     the selection of topk.h, the k-means of what is kept, a pass over n labels. Scratch: n
///          bytes, and 4 for each element outside the largest cluster. Decoding with table and
///          differences: O(r) memory.
/// Throws   UsageError for arguments out of range. open: WireError for a wrong length, padding,
///          centroids that are not finite or not in order, members that are not n in all, and what
///          labels.h finds.
/// Source   Malekijoo et al. 2021, "FEDZIP: A Compression Framework for Communication-Efficient
///          Federated Learning", arXiv:2102.01593.
template <Element T>
std::unique_ptr<MessageCompressor<T>> make_fedzip(const Spec& spec);

}  // namespace pith
