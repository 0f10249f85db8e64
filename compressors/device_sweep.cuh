// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/device_message.h>
#include <pith/compressors/device_source.cuh>

namespace pith {

/// Elements whose loads a thread of sweep() has in flight together.
inline constexpr unsigned kSweptTogether = 4;

/// Calls body(i, u) for each element i of x, composed as u, by all threads of the grid. What is not
/// finite is noted.
template <class Composed, class Body>
__device__ void sweep(const Composed& x, DeviceFault* fault, const Body& body) {
  const std::size_t n = x.size();
  bool finite = true;
  const std::size_t stride = std::size_t{blockDim.x} * kSweptTogether;
  for (std::size_t base = blockIdx.x * stride; base < n; base += gridDim.x * stride) {
    const std::size_t first = base + threadIdx.x;
    float u[kSweptTogether];
#pragma unroll
    for (unsigned j = 0; j < kSweptTogether; ++j) {
      const std::size_t i = first + std::size_t{j} * blockDim.x;
      u[j] = i < n ? x.compose(i) : 0.0f;
    }
#pragma unroll
    for (unsigned j = 0; j < kSweptTogether; ++j) {
      const std::size_t i = first + std::size_t{j} * blockDim.x;
      if (i >= n) break;
      finite = finite && isfinite(u[j]);
      body(i, u[j]);
    }
  }
  if (!finite) fault->non_finite = 1;
}

inline unsigned sweep_blocks(std::size_t n) {
  return cuda::blocks_for(n, kSweptTogether * cuda::kBlock);
}

}  // namespace pith
