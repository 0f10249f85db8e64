// SPDX-License-Identifier: Apache-2.0
#include <pith/cuda/check.cuh>
#include <pith/cuda/memory.h>

namespace pith::cuda {

void* DeviceAllocator::allocate(std::size_t bytes) {
  void* memory = nullptr;
  check(cudaMalloc(&memory, bytes), "cudaMalloc", bytes);
  return memory;
}

void* PinnedAllocator::allocate(std::size_t bytes) {
  void* memory = nullptr;
  check(cudaMallocHost(&memory, bytes), "cudaMallocHost", bytes);
  return memory;
}

// A device that has failed says so at the next call that can throw.
void DeviceAllocator::operator()(void* memory) const { static_cast<void>(cudaFree(memory)); }
void PinnedAllocator::operator()(void* memory) const { static_cast<void>(cudaFreeHost(memory)); }

void copy_bytes(const void* from, void* to, std::size_t bytes, DeviceStream stream) {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream), "cudaMemcpyAsync", bytes);
}

void fill_bytes(void* to, int value, std::size_t bytes, DeviceStream stream) {
  if (bytes == 0) return;
  check(cudaMemsetAsync(to, value, bytes, stream), "cudaMemsetAsync", bytes);
}

}  // namespace pith::cuda
