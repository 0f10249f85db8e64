// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <span>
#include <vector>

#include <pith/comm/operation_times.h>

namespace pith {
namespace {

constexpr std::size_t kSmallest = 64;
constexpr std::size_t kFactor = 4;
constexpr int kCalls = 5;           // of which the median counts
constexpr double kSlow = 5e-3;      // one call of what takes longer is enough
constexpr double kTooSlow = 50e-3;  // larger ones follow from these

template <class Operation>
double seconds(const Operation& operation) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  operation();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Rank 0's time, on every rank, so that all of them go on or stop.
double agreed(Communicator& communicator, double time) {
  communicator.broadcast(std::as_writable_bytes(std::span(&time, 1)), 0);
  return time;
}

template <class Operation>
double median_seconds(Communicator& communicator, const Operation& operation) {
  communicator.barrier();
  std::vector<double> times{agreed(communicator, seconds(operation))};
  if (times.front() > kSlow) return times.front();
  times.clear();  // a first call may set something up
  for (int call = 0; call < kCalls; ++call) times.push_back(seconds(operation));
  std::ranges::nth_element(times, times.begin() + kCalls / 2);
  return agreed(communicator, times[kCalls / 2]);
}

/// Curve of `operation(bytes)`.
template <class Operation>
Curve measure(Communicator& communicator, std::size_t largest, const Operation& operation) {
  Curve curve;
  for (std::size_t bytes = kSmallest;; bytes *= kFactor) {
    const double time = median_seconds(communicator, [&] { operation(bytes); });
    curve.add({static_cast<double>(bytes), time});
    if (bytes >= largest || time > kTooSlow) return curve;
  }
}

}  // namespace

OperationTimes::OperationTimes(Communicator& communicator, std::size_t largest) {
  const auto ranks = static_cast<std::size_t>(communicator.size());
  std::vector<float> x;
  std::vector<std::byte> out;
  std::vector<std::byte> in;
  all_reduce = measure(communicator, largest, [&](std::size_t bytes) {
    x.resize(bytes / sizeof(float));
    communicator.all_reduce(x);
  });
  all_gather = measure(communicator, largest / ranks, [&](std::size_t bytes) {
    out.resize(bytes);
    in.resize(bytes * ranks);
    communicator.all_gather(out, in);
  });
  all_to_all = measure(communicator, largest, [&](std::size_t bytes) {
    out.resize(bytes / ranks * ranks);
    in.resize(out.size());
    communicator.all_to_all(out, in);
  });
}

}  // namespace pith
