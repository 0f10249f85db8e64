// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <pith/reducer/overlap.h>

namespace pith {

Overlap::Overlap(std::function<void(std::size_t)> exchange)
    : exchange_(std::move(exchange)), thread_([this] { run(); }) {}

Overlap::~Overlap() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Overlap::begin(std::size_t buckets) {
  const std::lock_guard lock(mutex_);
  ready_.assign(buckets, false);
  next_ = 0;
}

void Overlap::ready(std::size_t bucket) {
  {
    const std::lock_guard lock(mutex_);
    ready_[bucket] = true;
  }
  changed_.notify_all();
}

void Overlap::finish() {
  std::unique_lock lock(mutex_);
  ready_.assign(ready_.size(), true);
  changed_.notify_all();
  changed_.wait(lock, [this] { return next_ == ready_.size(); });
  if (const auto error = std::exchange(error_, nullptr)) std::rethrow_exception(error);
}

void Overlap::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || next_is_ready(); });
    if (stopped_) return;
    const std::size_t bucket = next_;
    lock.unlock();
    std::exception_ptr error;
    try {
      exchange_(bucket);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    error_ = error;
    next_ = error ? ready_.size() : bucket + 1;
    changed_.notify_all();
  }
}

}  // namespace pith
