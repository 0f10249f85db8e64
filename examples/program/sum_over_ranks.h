// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/comm/communicator.h>

namespace program {

/// Replaces every value by its sum over the ranks, added in rank order: the same bits on all ranks
/// and under every back end, where all_reduce has the back end's own order.
void sum_over_ranks(pith::Communicator& world, std::span<double> values);

}  // namespace program
