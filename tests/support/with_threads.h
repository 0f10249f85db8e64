// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/core/threads.h>

namespace pith::test {

/// So many threads for each rank, until it ends.
class WithThreads {
 public:
  explicit WithThreads(std::size_t n) : before_(threads()) { set_threads(n); }
  ~WithThreads() { set_threads(before_); }
  WithThreads(const WithThreads&) = delete;
  WithThreads& operator=(const WithThreads&) = delete;

 private:
  std::size_t before_;
};

}  // namespace pith::test
