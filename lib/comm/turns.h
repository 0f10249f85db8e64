// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>

#include <pith/comm/communicator.h>

namespace pith {

/// Two threads of a rank that share one communicator: they take turns, first the one, then the
/// other, until one of them has ended. So all ranks make the same calls in the same order, as long
/// as each thread makes the same ones on all of them, and while one thread communicates, the other
/// computes.
///
/// Cost     a lock, and a thread that wakes, per turn.
class Turns {
 public:
  static constexpr std::size_t kThreads = 2;

  /// Begins anew: nobody has ended, the first thread comes next.
  void begin();

  /// Waits for this thread's turn. Throws TransportError if the other one has failed.
  void enter(std::size_t thread);
  void leave(std::size_t thread);

  /// This thread takes no more turns; if it failed, the other one must not wait for it, or for
  /// ranks that wait for it.
  void end(std::size_t thread, bool failed);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t next_ = 0;
  std::array<bool, kThreads> ended_ = {};
  bool failed_ = false;
};

}  // namespace pith
