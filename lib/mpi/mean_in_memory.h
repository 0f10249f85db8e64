// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/comm/communicator.h>
#include <pith/core/element.h>
#include <pith/mpi/shared_memory.h>

namespace pith::mpi {

/// x = sum over the ranks / divisor, through memory that they share. The sum is taken in rank
/// order, so its bits depend on nothing but the values.
///
/// Steps    slot by slot: each rank copies its part in; two ranks then add the other's to their
///          own; more of them sum a p-th each and copy the other sums out.
/// Cost     x is read twice, the second time from the cache, and written once; the slots of the
///          others are read once. docs/exchanges.md has times beside those of MPI_Allreduce.
/// Throws   TransportError on ranks that meet one which brings another number of elements, or
///          elements of another type.
template <Element T>
Finite mean_in_memory(SharedMemory& memory, std::span<T> x, T divisor);

}  // namespace pith::mpi
