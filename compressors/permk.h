// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/message.h>
#include <pith/core/spec.h>

namespace pith {

/// permk(ranks=P): every rank sends one of P neighbours, P times as large, no two the same one.
///
///   element g P + (r + s_g) mod P of group g is rank r's, if there is one
///   s_g uniform in {0, ..., P - 1}, keyed by (seed, tensor, step, g), the same on all ranks
///
/// Together the ranks send every element once: the mean of P equal tensors is the tensor itself (to
/// the bit if P is a power of two, else up to the rounding of P x / P). Published with a
/// permutation of all elements; for bias, variance and error of the mean it only matters that each
/// element is every rank's with probability 1/P.
///
/// Wire     u64 draw, which stands for (seed, tensor, step); u32 rank; u32 0; T x per element of
///          the rank's, n/P of them rounded up or down; zero padding.
/// Bias     none.
/// Error    E ||x - decode(x)||^2 = (P - 1) ||x||^2. Of the mean of all ranks, which no messages
///          drawn independently have: mean ||x_r||^2 - ||mean x_r||^2.
///          P x beyond T is decoded as the largest T.
/// Cost     one pass over x, and a random block per element kept, coding and decoding alike.
/// Throws   open: WireError for a wrong length,
///          rank or padding, and values that are not finite.
/// Source   Szlendak, Tyurin, Richtarik 2021, "Permutation compressors for provably faster
///          distributed nonconvex optimization", arXiv:2110.03300.
template <Element T>
std::unique_ptr<MessageCompressor<T>> make_permk(const Spec& spec);

}  // namespace pith
