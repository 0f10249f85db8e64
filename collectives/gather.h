// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>

namespace pith {

/// Every rank sends its messages to every other rank and sums what it receives in rank order, so
/// all ranks end with bit-identical means in unit.mean.
///
/// Wire     per rank: (p-1) (16 + m) bytes, m = bytes of this rank's message (docs/wire_format.md).
/// Steps    one all-gather of sizes and signatures, one all-gather-v of messages.
/// Memory   p messages of scratch.
/// Throws   TransportError; UsageError or WireError on all ranks alike if they are not in the same
///          exchange. No state has been accepted then.
template <Element T>
void gather(std::span<Unit<T>> bucket, Round& round);

}  // namespace pith
