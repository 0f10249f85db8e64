// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <cuda_runtime.h>

#include <pith/core/device_span.h>
#include <pith/cuda/check.cuh>

namespace pith::cuda {

inline constexpr unsigned kWarp = 32;
inline constexpr unsigned kBlock = 256;          ///< threads, unless a kernel says otherwise
inline constexpr unsigned kBlocksInFlight = 16;  ///< of one multiprocessor

/// As many blocks as the device works on at a time, so many of them on a multiprocessor.
inline unsigned most_blocks(unsigned in_flight = kBlocksInFlight) {
  int device = 0;
  int multiprocessors = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device),
        "cudaDeviceGetAttribute");
  return static_cast<unsigned>(multiprocessors) * in_flight;
}

/// Blocks for n pieces of work, `per_block` each, that stride where there are more.
inline unsigned blocks_for(std::size_t n, std::size_t per_block, unsigned most = most_blocks()) {
  return static_cast<unsigned>(std::clamp<std::size_t>((n + per_block - 1) / per_block, 1, most));
}

/// Puts the kernel into the stream: so many blocks of so many threads.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), unsigned blocks, unsigned threads, DeviceStream stream,
            Arguments&&... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(blocks);
  config.blockDim = dim3(threads);
  config.stream = stream;
  check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...),
        "cudaLaunchKernelEx");
}

/// The number of this thread in the grid, and of all threads.
__device__ inline std::size_t global_thread() {
  return static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline std::size_t grid_threads() {
  return static_cast<std::size_t>(gridDim.x) * blockDim.x;
}
__device__ inline unsigned lane() { return threadIdx.x % kWarp; }
__device__ inline unsigned warp() { return threadIdx.x / kWarp; }

}  // namespace pith::cuda
