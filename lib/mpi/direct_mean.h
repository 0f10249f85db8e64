// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/mpi/direct_exchange.h>

namespace pith::mpi {

/// x = (sum of the ranks' x, in rank order) / divisor, for a few ranks: each receives the others'
/// share of its elements, and sends the mean to all. Collective; returns what all_reduce_mean()
/// does.
///
/// Wire     2 (p-1) / p of x, in two exchanges per 32 MiB.
/// Memory   `received`: up to 32 MiB, kept for the next call.
/// Throws   TransportError.
template <Element T>
Finite direct_mean(DirectExchange& exchange, int rank, int ranks, std::span<T> x, T divisor,
                   std::vector<std::byte>& received);

}  // namespace pith::mpi
