// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>

namespace pith {

/// Two phases: each rank owns a p-th of every unit, receives what the others send for it
/// (reduce_shards()), compresses the mean again under its own rule and sends it to all
/// (gather_shards()). Traffic does not grow with p.
///
/// Wire     per rank: (p-1) 16 + the p-1 messages to the others, then (p-1) (16 + m'), m' = bytes
///          of the owner's message; about 2 (p-1)/p of one whole message.
/// Steps    two all-to-alls (sizes, messages), two all-gathers (sizes, messages).
/// Memory   messages of one tensor in and out.
/// Throws   as its halves.
template <Element T>
void sharded(std::span<Unit<T>> bucket, Round& round);

}  // namespace pith
