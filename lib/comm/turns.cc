// SPDX-License-Identifier: Apache-2.0
#include <pith/comm/turns.h>
#include <pith/core/error.h>

namespace pith {

void Turns::begin() {
  const std::lock_guard lock(mutex_);
  next_ = 0;
  ended_ = {};
  failed_ = false;
}

void Turns::enter(std::size_t thread) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failed_ || next_ == thread; });
  if (failed_) throw TransportError("another exchange of this rank has failed");
}

void Turns::leave(std::size_t thread) {
  {
    const std::lock_guard lock(mutex_);
    const std::size_t other = kThreads - 1 - thread;
    if (!ended_[other]) next_ = other;
  }
  changed_.notify_all();
}

void Turns::end(std::size_t thread, bool failed) {
  {
    const std::lock_guard lock(mutex_);
    ended_[thread] = true;
    failed_ = failed_ || failed;
    if (next_ == thread) next_ = kThreads - 1 - thread;
  }
  changed_.notify_all();
}

}  // namespace pith
