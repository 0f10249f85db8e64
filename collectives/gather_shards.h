// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>

namespace pith {

/// Each rank compresses its shard of every unit's mean under the owner's rule and sends it to all,
/// so that all ranks, the owner included, end with the same bits.
///
///   unit.mean = what the owners sent for their shards, one after the other
///
/// Shard r of n elements is [n r/p, n (r+1)/p). Owners take part also in steps in which they take
/// no part as ranks. Without a compressor (unit.owner_message) it is the plain all-gather of what
/// the rule composes.
///
/// Wire     per rank: (p-1) (16 + m'), m' = bytes of the owner's message; plain: (p-1) * b, b =
///          bytes of its shards.
/// Steps    two all-gathers (sizes, messages); plain: one all-gather-v per unit.
/// Memory   one shard, and the owners' messages.
/// Throws   TransportError; UsageError or WireError on all ranks alike if they are not in the same
///          exchange. No state has been accepted then.
template <Element T>
void gather_shards(std::span<Unit<T>> bucket, Round& round);

}  // namespace pith
