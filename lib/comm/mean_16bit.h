// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/comm/communicator.h>
#include <pith/core/element.h>
#include <pith/core/scratch.h>

namespace pith {

/// Replaces 16-bit numbers, as bytes, by their sum over the ranks divided by `divisor`, summed in
/// T: MPI has no 16-bit sum. Each rank sums its block in rank order, divides, rounds once and sends
/// the block to all, so every rank holds the same bits. Number is Half or BFloat16.
///
/// Error    one rounding of the mean to Number; Half saturates at 65,504.
/// Wire     per rank: 2 (n - c) + 2 (p-1) c bytes, c = elements of this rank's block.
/// Steps    one all-to-all-v, one all-gather-v.
/// Memory   2 n 16-bit values of scratch.
template <class Number, Element T>
void all_reduce_mean_of(std::span<std::byte> numbers, T divisor, Communicator& communicator,
                        Scratch& scratch);

}  // namespace pith
