// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <pith/comm/communicator.h>

namespace pith {

/// Runs `body` once per rank, each on a thread of its own with its communicator, and returns when
/// all have ended. For tests, notebooks and first contact: no MPI, no network.
///
/// Sums are taken in rank order. Ranks that call different operations, or the same with sizes that
/// do not fit, all get a UsageError that names both calls, and may go on. If a rank leaves, with an
/// exception or because its body has ended, every rank that waits for it gets a TransportError that
/// says so, and the first exception of all is thrown here when the last rank has ended.
///
/// Memory   nothing beside the buffers of the calls.
/// Throws   UsageError if ranks < 1; what `body` throws.
void run_local(int ranks, const std::function<void(Communicator&)>& body);

}  // namespace pith
