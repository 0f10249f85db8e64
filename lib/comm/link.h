// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <mutex>

#include <pith/comm/traffic.h>

namespace pith {

/// A full-duplex link between each rank and a switch that is never the limit. An idle link saves up
/// credit, `burst_bytes` in each direction, that pass at once; every step of an operation waits for
/// `latency_seconds`.
struct Link {
  double bytes_per_second = 0;
  double burst_bytes = 128 << 10;
  double latency_seconds = 0;

  /// Throws   UsageError unless all are finite, the rate at least 1 and the others at least 0.
  void check() const;
};

namespace local {

/// One rank's end of a link: a token bucket for what it sends and one for what it receives.
class LinkEnd {
 public:
  explicit LinkEnd(const Link& link) : link_(link) {}

  /// The time at which an operation has passed that begins at `now`, in seconds of any one clock:
  ///
  ///   free = max(free, now - burst / rate) + bytes / rate            per direction
  ///   end  = max(now, free_sent, free_received) + steps latency
  ///
  /// so that operations that follow each other take (bytes of all - burst) / rate at least.
  /// Threads  any.
  double pass(const Traffic& traffic, double now);

 private:
  double fill(double free, std::uint64_t bytes, double now) const;

  const Link link_;
  std::mutex mutex_;
  double sent_free_ = -std::numeric_limits<double>::infinity();
  double received_free_ = -std::numeric_limits<double>::infinity();
};

}  // namespace local
}  // namespace pith
