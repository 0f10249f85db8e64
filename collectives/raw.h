// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>

namespace pith {

/// The plain all-reduce, one for the whole bucket. The rule runs all the same: what it composes is
/// sent exactly, so a residual is sent once and is zero from then on. Units with a (linear) cast go
/// through linear(): raw in 16 bit.
///
/// A unit whose mean is its gradient's own memory is averaged there, by an all-reduce of its own,
/// and no rule is asked. If that mean is not finite, it stays there all the same.
///
/// Wire     per rank: 2 (p-1)/p * b, b = bytes of the units; rounds that check signatures (p-1) 8
///          more.
/// Steps    one all-reduce for what lies between units that are averaged in place, one for each
///          of these.
/// Error    the back end's summation; the same bits on all ranks, order its own.
/// Throws   TransportError; UsageError on all ranks if their signatures differ.
template <Element T>
void raw(std::span<Unit<T>> bucket, Round& round);

}  // namespace pith
