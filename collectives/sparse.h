// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>

namespace pith {

/// The sum of sparse messages, of which every rank sends and receives O(k) entries, however many
/// ranks there are. Each rank owns one segment of every unit, cut so that about as many entries
/// fall into each (balance.h).
///
///   1. every rank selects its entries and sends those of segment r to rank r
///   2. the owner adds them up in rank order, keeps the K = ceil(k/p) means of largest magnitude
///      (k: the entries of the rank with the most) and sends them to all, with exact values
///   3. mean = what all owners have kept; an entry was sent if the mean at its index is not zero,
///      and all others return to their rank's rule
///
/// An owner sends its segment dense, and then keeps everything, if that takes no more bytes.
///
/// Units    message: a SparseCompressor; owner_message: the same with exact values; owner_dense:
///          identity, of codec dense_codec.
/// Wire     per rank: (p-1) (16 + s) + (p-1) 16 + the p-1 messages to the others + (p-1) (16 + m'),
///          s = bytes of the message with the summaries, m' = bytes of the owner's. In values,
///          counting an index as one: at most 2 k + 2 (p-1) K <= 6 k (p-1)/p, if p divides k, and
///          4 k (p-1)/p if supports differ; besides heads and summaries of 8 p + 1 values.
/// Steps    three all-gathers (sizes, summaries, later sizes), two all-to-alls (sizes, messages),
///          one all-gather (messages).
/// Error    contraction: none is promised, as it depends on the others which entries are kept.
/// Memory   messages of one tensor in and out, the own segment: between nothing and n elements.
/// Throws   as sharded().
/// Source   after Li and Hoefler 2022, "Near-Optimal Sparse Allreduce for Distributed Deep
///          Learning", arXiv:2201.07598; dense switch: Renggli et al. 2019, arXiv:1802.08021.
template <Element T>
void sparse(std::span<Unit<T>> bucket, Round& round);

}  // namespace pith
