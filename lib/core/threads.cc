// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cstdint>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <pith/core/environment.h>
#include <pith/core/error.h>
#include <pith/core/threads.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

constexpr std::uint64_t kMostThreads = 256;

thread_local std::size_t own_lane = 0;

std::atomic<std::size_t>& setting() {
  static std::atomic<std::size_t> number =
      static_cast<std::size_t>(environment_integer("PITH_THREADS", 1, kMostThreads).value_or(1));
  return number;
}

}  // namespace

std::size_t threads() { return setting(); }

void set_threads(std::size_t n) {
  if (n < 1 || n > kMostThreads) {
    throw UsageError("set_threads: " + std::to_string(n) + " is not a number from 1 to " +
                     std::to_string(kMostThreads));
  }
  setting() = n;
}

std::size_t lane() { return own_lane; }

// Threads of one call only: to start one takes microseconds, and a part takes some hundred. Nothing
// is left to stop, to fork with or to keep a core awake.
void run_threads(std::size_t parts, const std::function<void(std::size_t)>& body) {
  std::vector<std::exception_ptr> errors(parts);
  const auto run = [&](std::size_t part) {
    const std::size_t before = std::exchange(own_lane, part);
    try {
      body(part);
    } catch (...) {
      errors[part] = std::current_exception();
    }
    own_lane = before;
    end_stream();
  };
  {
    std::vector<std::jthread> others;
    std::size_t started = 1;
    try {
      for (; started < parts; ++started) others.emplace_back(run, started);
    } catch (const std::system_error&) {
      // There are no more threads to be had: the rest is done here.
    }
    run(0);
    for (std::size_t part = started; part < parts; ++part) run(part);
  }
  for (const auto& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace pith
