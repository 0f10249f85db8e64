// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/skinny.cuh>
#include <pith/compressors/skinny.h>
#include <pith/cuda/launch.cuh>

namespace pith {
namespace {

constexpr unsigned kTogether = 8;  // rows of m that are loaded at once
static_assert(kSummedRows == cuda::kBlock);

// A thread sums kSummedRows rows of one column, for up to kRank rows of p.
template <unsigned kRank>
__global__ void sum_blocks(DeviceMatrix<const float> m, DeviceMatrix<const float> p, float* sums) {
  __shared__ float weights[kRank][kSummedRows];
  const std::size_t across = (m.columns + cuda::kBlock - 1) / cuda::kBlock;
  const std::size_t down = (m.rows + kSummedRows - 1) / kSummedRows;
  for (std::size_t tile = blockIdx.x; tile < across * down; tile += gridDim.x) {
    const std::size_t column = tile % across * cuda::kBlock + threadIdx.x;
    const std::size_t block = tile / across;
    const std::size_t first = block * kSummedRows;
    const std::size_t rows = min(kSummedRows, m.rows - first);
    __syncthreads();  // until all have used those before
    for (unsigned k = 0; k < kRank; ++k) {
      const bool inside = k < p.rows && threadIdx.x < rows;
      weights[k][threadIdx.x] = inside ? p.values[k * p.columns + first + threadIdx.x] : 0.0f;
    }
    __syncthreads();
    if (column >= m.columns) continue;
    const float* const x = m.values + first * m.columns + column;
    float sum[kRank] = {};
    for (std::size_t top = 0; top < rows; top += kTogether) {
      float u[kTogether];
#pragma unroll
      for (unsigned i = 0; i < kTogether; ++i) {
        u[i] = top + i < rows ? x[(top + i) * m.columns] : 0.0f;  // which changes no sum
      }
#pragma unroll
      for (unsigned i = 0; i < kTogether; ++i) {
#pragma unroll
        for (unsigned k = 0; k < kRank; ++k) sum[k] += weights[k][top + i] * u[i];
      }
    }
#pragma unroll
    for (unsigned k = 0; k < kRank; ++k) {
      if (k < p.rows) sums[(block * p.rows + k) * m.columns + column] = sum[k];
    }
  }
}

__global__ void add_blocks(const float* sums, std::size_t blocks, float* q, std::size_t n) {
  for (auto i = cuda::global_thread(); i < n; i += cuda::grid_threads()) {
    float sum = 0;
    for (std::size_t block = 0; block < blocks; ++block) sum += sums[block * n + i];
    q[i] = sum;
  }
}

}  // namespace

void project_columns(DeviceMatrix<const float> m, DeviceMatrix<const float> p,
                     DeviceMatrix<float> q, cuda::DeviceScratch& scratch, DeviceStream stream) {
  const cuda::DeviceScratch::Frame frame(scratch);
  const std::size_t blocks = (m.rows + kSummedRows - 1) / kSummedRows;
  const std::size_t across = (m.columns + cuda::kBlock - 1) / cuda::kBlock;
  const auto sums = scratch.take<float>(blocks * q.size());
  const auto kernel = p.rows <= 4 ? sum_blocks<4> : sum_blocks<kMostKernelRank>;
  cuda::launch(kernel, cuda::blocks_for(blocks * across, 1), cuda::kBlock, stream, m, p,
               sums.data());
  cuda::launch(add_blocks, cuda::blocks_for(q.size(), cuda::kBlock), cuda::kBlock, stream,
               sums.data(), blocks, q.values, q.size());
}

}  // namespace pith
