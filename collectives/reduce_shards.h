// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>

namespace pith {

/// Each rank receives what the others send for its shard of every unit, and sums it in rank order.
///
///   unit.mean[i] = (sum over ranks of what they sent for i) / divisor      i in this rank's shard
///
/// Shard r of n elements is [n r/p, n (r+1)/p); the rest of unit.mean is worth nothing afterwards.
/// Without a compressor (unit.message) it is the plain reduce-scatter of what the rule composes.
///
/// Wire     per rank: (p-1) 16 + the p-1 messages to the others; plain: (p-1)/p * b, b = bytes of
///          the units.
/// Steps    two all-to-alls (sizes, messages); plain: one reduce-scatter per unit.
/// Error    plain: the back end's summation, order its own.
/// Memory   messages of one tensor in and out; plain: one shard.
/// Throws   TransportError, also for a size that cannot be, on the rank that sees it; UsageError on
///          all ranks if their signatures differ.
template <Element T>
void reduce_shards(std::span<Unit<T>> bucket, Round& round);

}  // namespace pith
