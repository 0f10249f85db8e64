// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>

namespace pith {

/// Averages the units' factors by all-reduce, one for all units per round, and reconstructs. Absent
/// ranks contribute zeros. Traffic does not grow with p.
///
/// Wire     per rank: 2 (p-1)/p * b per round, b = bytes of all factors in their type; factors in
/// 16
///          bit travel as an all-to-all and an all-gather of blocks, 2n + 2 (p-2) c bytes for n
///          elements of which this rank's block holds c. Rounds that check signatures: (p-1) 8
///          more.
/// Cost     what factor() says; one write of each mean, in parts by threads().
/// Steps    one all-reduce per round (16 bit: two operations).
/// Memory   one copy of all factors; in 16 bit two more of half the size.
/// Throws   TransportError; UsageError on all ranks if their signatures differ.
template <Element T>
void linear(std::span<Unit<T>> bucket, Round& round);

}  // namespace pith
