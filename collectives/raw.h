// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>

namespace pith {

/// Whether a unit of n elements is averaged by an all-reduce of its own: a call more costs it less
/// than a copy to join others.
template <Element T>
constexpr bool is_averaged_alone(std::size_t n) {
  return n * sizeof(T) >= std::size_t{1} << 20;
}

/// The plain all-reduce, for the whole bucket. The rule runs all the same: what it composes is sent
/// exactly, so a residual is sent once and is zero from then on. Units with a (linear) cast go
/// through linear(): raw in 16 bit.
///
/// In a plain round no rule is asked, and a unit's mean may be its gradient's own memory. If a mean
/// is not finite then, it stays there all the same, and all ranks note a fault.
///
/// Wire     per rank: 2 (p-1)/p * b, b = bytes of the units; rounds that check signatures (p-1) 8
///          more.
/// Steps    one all-reduce for each unit of a megabyte, and one for what lies between two of them.
/// Error    the back end's summation; the same bits on all ranks, order its own.
/// Throws   TransportError; UsageError on all ranks if their signatures differ.
template <Element T>
void raw(std::span<Unit<T>> bucket, Round& round);

}  // namespace pith
