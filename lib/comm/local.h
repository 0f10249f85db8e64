// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include <pith/comm/communicator.h>
#include <pith/comm/link.h>

namespace pith {

/// How local ranks are connected: through memory, unless there is a link.
struct LocalOptions {
  /// Every rank gets one; it lets an operation take the time that its bytes need:
  ///
  ///   at least  (max(sent, received) - burst) / bytes_per_second + steps * latency_seconds
  ///
  /// of the slowest rank, with the bytes and steps of pith::traffic, and of operations that follow
  /// each other their bytes together less one burst. Parts of a split share their rank's link; the
  /// split itself takes no time. Ranks sleep while they wait. Results are the same.
  std::optional<Link> link = std::nullopt;

  /// Ranks in a row that are one node for split_node(); 0: all of them are. What split_node() gives
  /// has no link: its ranks meet in memory. Nodes formed by split() share their ranks' links.
  int ranks_per_node = 0;
};

/// Runs `body` once per rank, each on a thread of its own with its communicator, and returns when
/// all have ended. For tests, notebooks and first contact: no MPI, no network.
///
/// Sums are taken in rank order. Ranks that call different operations, or the same with sizes that
/// do not fit, all get a UsageError that names both calls, and may go on. If a rank leaves, with an
/// exception or because its body has ended, every rank that waits for it gets a TransportError that
/// says so, and the first exception of all is thrown here when the last rank has ended.
///
/// Memory   nothing beside the buffers of the calls.
/// Throws   UsageError if ranks < 1, ranks_per_node < 0 or the link is none (Link::check); what
///          `body` throws.
void run_local(int ranks, const std::function<void(Communicator&)>& body,
               const LocalOptions& options = {});

}  // namespace pith
