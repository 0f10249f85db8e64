// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <pith/comm/communicator.h>

namespace pith {

/// Runs `body` once per rank, each on a thread of its own with its communicator, and returns when
/// all have ended. For tests, notebooks and first contact: no MPI, no network.
///
/// Sums are taken in rank order. Ranks that call different operations, or the same with sizes that
/// do not fit, all get a UsageError that names both calls. If a rank leaves with an exception,
/// every other rank that waits for it gets a TransportError, and the first exception is thrown
/// here.
///
/// Memory   one scratch of the largest all_reduce.
/// Throws   UsageError if ranks < 1; what `body` throws.
void run_local(int ranks, const std::function<void(Communicator&)>& body);

}  // namespace pith
