// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <pith/comm/communicator.h>

#include "collective_arm.h"

namespace pith::bench {

/// One more step of `arm`, which was made of `what`, with this rank's gradient in x, compared with
/// the reference: rank 0 gathers all ranks' states and gradients and computes what every rank must
/// receive and must keep. Collective.
///
/// Returns  the elements of results and of states after the step, of all ranks together, that are
///          wrong: to the bit for gather, sharded, sparse and shards, beyond 1e-5 of the largest
///          value of the estimate for raw and linear (low-rank 1e-3). What all ranks get must also
///          be, to the bit, what rank 0 gets.
/// Memory   on rank 0: gradients and states of all ranks, twice.
template <Element T>
std::size_t check_step(Communicator& communicator, CompressedArm<T>& arm, const ArmCase& what,
                       std::span<T> x);

}  // namespace pith::bench
