// SPDX-License-Identifier: Apache-2.0
#include <pith/cuda/launch.cuh>
#include <pith/cuda/scan.cuh>
#include <pith/reducer/device_norm.h>

namespace pith {
namespace {

constexpr unsigned kEach = 16;  // elements of a thread
constexpr std::size_t kTile = std::size_t{kEach} * cuda::kBlock;

__device__ double block_sum(double of_thread) {
  return cuda::sum_of_warps(cuda::warp_sum(of_thread)).all;
}

// All loads of a thread are on their way before the first is waited for.
__global__ void add_squares(const float* x, std::size_t n, double* sums, std::size_t tiles) {
  for (std::size_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    float own[kEach];
#pragma unroll
    for (unsigned j = 0; j < kEach; ++j) {
      const std::size_t i = tile * kTile + j * cuda::kBlock + threadIdx.x;
      own[j] = i < n ? x[i] : 0.0f;
    }
    double sum = 0;
#pragma unroll
    for (unsigned j = 0; j < kEach; ++j) {
      sum += static_cast<double>(own[j]) * static_cast<double>(own[j]);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[tile] = sum;
  }
}

__global__ void add_sums(const double* sums, std::size_t tiles, double* out) {
  double sum = 0;
  for (std::size_t t = threadIdx.x; t < tiles; t += cuda::kBlock) sum += sums[t];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *out = sum;
}

}  // namespace

void squared_norm(DeviceSpan<const float> x, double* out, cuda::DeviceScratch& scratch,
                  DeviceStream stream) {
  const cuda::DeviceScratch::Frame frame(scratch);
  const std::size_t tiles = (x.size() + kTile - 1) / kTile;
  const auto sums = scratch.take<double>(tiles);
  cuda::launch(add_squares, cuda::blocks_for(tiles, 1), cuda::kBlock, stream, x.data(), x.size(),
               sums.data(), tiles);
  cuda::launch(add_sums, 1, cuda::kBlock, stream, sums.data(), tiles, out);
}

}  // namespace pith
