// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/collectives/round.h>
#include <pith/core/element.h>

namespace pith {

/// Replaces x by the sum over the ranks divided by `divisor`, moved in 16 bits and summed in T: MPI
/// has no 16-bit sum. Each rank sums its block in rank order, divides, rounds once more and sends
/// the block to all, so every rank holds the same bits. `type` is float16 or bfloat16, to which x
/// has been rounded.
///
/// Error    one rounding of the sum to `type`; float16 saturates at 65,504.
/// Wire     per rank: 2 (n - c) + 2 (p-1) c bytes, c = elements of this rank's block.
/// Steps    one all-to-all-v, one all-gather-v.
/// Memory   3 n 16-bit values of scratch.
template <Element T>
void all_reduce_mean_16bit(std::span<T> x, ElementType type, T divisor, Round& round);

}  // namespace pith
