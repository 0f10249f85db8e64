// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>

// A rank's loops over large tensors may be split over threads. Each element is worked on by one of
// them, alone, so their number changes no bit of any result.
namespace pith {

/// How many: PITH_THREADS, or 1. Throws UsageError if that is not a number from 1 to 256.
std::size_t threads();

/// Overrules PITH_THREADS from now on, in the whole process. Throws UsageError as threads().
void set_threads(std::size_t n);

/// Which of them runs: 0 in a thread that in_parallel() has not started.
std::size_t lane();

/// Parts that n elements are worth: every thread one, of 2^17 elements or more.
inline std::size_t parts_of(std::size_t n) {
  constexpr std::size_t kLeast = std::size_t{1} << 17;
  return n < 2 * kLeast ? 1 : std::min(threads(), n / kLeast);
}

/// Where part `part` of n elements begins: a multiple of `multiple`, and n for part == parts.
inline std::size_t part_start(std::size_t n, std::size_t parts, std::size_t part,
                              std::size_t multiple) {
  return part == parts ? n : n / parts * part / multiple * multiple;
}

void run_threads(std::size_t parts, const std::function<void(std::size_t)>& body);

/// Calls body(part) for every part, each on a thread of its own, the first on this one, and waits
/// for all; on this thread too if no more can be started. Rethrows the first exception in the order
/// of the parts. What they wrote is visible.
template <class Body>
void in_parallel(std::size_t parts, const Body& body) {
  if (parts > 1) {
    run_threads(parts, std::cref(body));
  } else {
    body(std::size_t{0});  // without the allocations of a function
  }
}

}  // namespace pith
