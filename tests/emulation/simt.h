// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

// The threads of a kernel, on one thread of the host: those of a block are fibers, which give way
// where they wait for each other, and run one after the other between. So a kernel that forgets to
// wait reads what is not there yet, every time, and an address sanitizer sees what it touches.
namespace simt {

// Pith's blocks and grids have one dimension.
struct Index {
  unsigned x = 0;
};

struct Extent {
  unsigned x = 1;
  Extent() = default;
  Extent(unsigned width) : x(width) {}
};

inline constexpr unsigned kWarp = 32;

/// Runs body for every thread of every block. Throws std::logic_error if threads wait for others
/// that never come.
void run(Extent grid, Extent block, const std::function<void()>& body);

void sync_threads();

/// What each lane of the warp gave, once all lanes of `mask` have.
struct Lanes {
  std::uint64_t values[kWarp];
};
const Lanes& exchange(unsigned mask, std::uint64_t value);

}  // namespace simt

// Of the thread that runs.
extern simt::Index threadIdx;
extern simt::Index blockIdx;
extern simt::Extent blockDim;
extern simt::Extent gridDim;
