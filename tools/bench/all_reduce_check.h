// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <pith/comm/communicator.h>
#include <pith/core/shape.h>

#include "cases.h"
#include "reducer_arm.h"

namespace pith::bench {

/// One more step of `arm`, with this rank's gradient in x and its estimate afterwards, compared
/// with the reference: rank 0 gathers all ranks' states and gradients and computes what every rank
/// must receive and must keep. Collective.
///
/// Returns  the elements of estimates and of states after the step, of all ranks together, that are
///          wrong: to the bit for gather, sharded and sparse, beyond 1e-5 of the largest value of
///          the estimate for raw and linear (low-rank 1e-3). An estimate must also be, to the bit,
///          that of rank 0.
/// Memory   on rank 0: gradients and states of all ranks, twice.
template <Element T>
std::size_t check_step(Communicator& communicator, ReducerArm<T>& arm, const CollectiveCase& what,
                       const Shape& shape, std::uint64_t seed, std::span<T> x);

}  // namespace pith::bench
