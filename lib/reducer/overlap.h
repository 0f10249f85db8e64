// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pith {

/// Exchanges the buckets of a step in their order, each as soon as it is ready, on a thread of its
/// own, while the trainer goes on. The thread lives as long as this and sleeps while it waits.
class Overlap {
 public:
  /// `exchange(bucket)` runs on the thread. Throws std::system_error if there is none to be had.
  explicit Overlap(std::function<void(std::size_t)> exchange);

  /// Within a step: waits for the bucket that is exchanged and leaves out the others.
  ~Overlap();

  /// A step of so many buckets, of which none is ready.
  void begin(std::size_t buckets);

  /// What the caller wrote before is seen by the exchange of this bucket.
  void ready(std::size_t bucket);

  /// All are ready, and have been exchanged when this returns. Rethrows what an exchange threw,
  /// after which the others are left out.
  void finish();

 private:
  void run();
  bool next_is_ready() const { return next_ < ready_.size() && ready_[next_]; }

  std::function<void(std::size_t)> exchange_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> ready_;
  std::size_t next_ = 0;  // to be exchanged
  std::exception_ptr error_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace pith
