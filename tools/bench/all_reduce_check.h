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

/// One more step of `arm`, with this rank's gradient in x, compared with the reference: that is
/// given all ranks' states and gradients, computed on rank 0 and sent to all.
///
/// Returns  the elements, all ranks together, that are not what they must be: to the bit for gather
///          and sharded; for raw and linear within 1e-5 of the largest reference value (low-rank
///          1e-3), and the same bits as on rank 0.
/// Memory   on rank 0: gradients and states of all ranks.
template <Element T>
std::size_t check_step(Communicator& communicator, ReducerArm<T>& arm, const CollectiveCase& what,
                       const Shape& shape, std::uint64_t seed, std::span<T> x);

}  // namespace pith::bench
