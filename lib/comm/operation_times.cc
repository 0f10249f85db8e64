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

// A first call may set something up, so it counts nothing but how many follow.
template <class Operation>
double median_seconds(Communicator& communicator, const Operation& operation) {
  communicator.barrier();
  const double first = agreed(communicator, seconds(operation));
  std::vector<double> times(first > kSlow ? 1 : kCalls);
  for (double& time : times) time = seconds(operation);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  return agreed(communicator, *middle);
}

/// Curve of `operation(bytes)`.
template <class Operation>
Curve measure(Communicator& communicator, std::size_t largest, const Operation& operation) {
  Curve curve;
  for (std::size_t bytes = std::min(kSmallest, largest);;
       bytes = std::min(bytes * kFactor, largest)) {
    const double time = median_seconds(communicator, [&] { operation(bytes); });
    curve.add({static_cast<double>(bytes), time});
    if (bytes == largest || time > kTooSlow) return curve;
  }
}

}  // namespace

OperationTimes::OperationTimes(Communicator& communicator, std::size_t largest) {
  const auto ranks = static_cast<std::size_t>(communicator.size());
  // Blocks of whole elements; touched here, so that no call waits for memory.
  const std::size_t all = std::max(largest, kSmallest * ranks) / (8 * ranks) * (8 * ranks);
  std::vector<float> out(all / sizeof(float), 0.0f);
  std::vector<float> in(all / sizeof(float), 0.0f);
  const auto bytes_of = [](std::vector<float>& x, std::size_t bytes) {
    return std::as_writable_bytes(std::span(x)).first(bytes);
  };
  all_reduce = measure(communicator, all, [&](std::size_t bytes) {
    communicator.all_reduce_mean(std::span(out).first(bytes / sizeof(float)),
                                 static_cast<float>(ranks));
  });
  all_gather = measure(communicator, all / ranks, [&](std::size_t bytes) {
    communicator.all_gather(bytes_of(out, bytes), bytes_of(in, bytes * ranks));
  });
  all_to_all = measure(communicator, all, [&](std::size_t bytes) {
    const std::size_t whole = bytes / ranks * ranks;
    communicator.all_to_all(bytes_of(out, whole), bytes_of(in, whole));
  });
}

}  // namespace pith
