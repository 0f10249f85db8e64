// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/device_message.h>
#include <pith/compressors/device_source.cuh>
#include <pith/compressors/skinny.cuh>
#include <pith/cuda/scan.cuh>

namespace pith {
namespace {

constexpr unsigned kStripes = 16;  // partial sums of an element of p
constexpr unsigned kRows = 2;      // of m, which share what is loaded of q
constexpr unsigned kTogether = 4;  // elements of each that are loaded at once
constexpr unsigned kWarpRows = kRows * cuda::kWarp / kStripes;

// Half a warp takes kRows rows, a lane one partial sum of each. Up to kRank rows of q. Null for
// `composed`: keep() leaves it where it is read from, or it is the gradient.
template <unsigned kRank, class Composed>
__global__ void compose_and_project(Composed x, float* composed, DeviceMatrix<const float> q,
                                    DeviceMatrix<float> p, DeviceFault* fault) {
  const std::size_t rows = p.columns;
  const std::size_t columns = q.columns;
  const std::size_t stride = cuda::grid_threads() / cuda::kWarp * kWarpRows;
  const unsigned stripe = cuda::lane() % kStripes;
  bool finite = true;
  for (std::size_t top = cuda::global_thread() / cuda::kWarp * kWarpRows; top < rows;
       top += stride) {
    const std::size_t row = top + cuda::lane() / kStripes * kRows;
    float sums[kRows][kRank] = {};
    for (std::size_t first = stripe; first < columns; first += kStripes * kTogether) {
      float u[kRows][kTogether];
#pragma unroll
      for (unsigned j = 0; j < kTogether; ++j) {
        const std::size_t c = first + j * kStripes;
#pragma unroll
        for (unsigned r = 0; r < kRows; ++r) {
          const bool inside = c < columns && row + r < rows;
          u[r][j] = inside ? x.compose((row + r) * columns + c) : 0.0f;
        }
      }
#pragma unroll
      for (unsigned j = 0; j < kTogether; ++j) {
        const std::size_t c = first + j * kStripes;
        if (c >= columns) break;
#pragma unroll
        for (unsigned k = 0; k < kRank; ++k) {
          const float y = k < q.rows ? q.values[k * columns + c] : 0.0f;
#pragma unroll
          for (unsigned r = 0; r < kRows; ++r) sums[r][k] += u[r][j] * y;
        }
#pragma unroll
        for (unsigned r = 0; r < kRows; ++r) {
          if (row + r >= rows) break;
          finite = finite && isfinite(u[r][j]);
          if (composed) composed[(row + r) * columns + c] = u[r][j];
          x.keep((row + r) * columns + c, u[r][j]);
        }
      }
    }
#pragma unroll
    for (unsigned r = 0; r < kRows; ++r) {
#pragma unroll
      for (unsigned k = 0; k < kRank; ++k) {
        const float sum = cuda::warp_sum<kStripes>(sums[r][k]);
        if (stripe == 0 && k < q.rows && row + r < rows) p.values[k * rows + row + r] = sum;
      }
    }
  }
  if (!finite) fault->non_finite = 1;
}

}  // namespace

void compose_and_project_rows(const DeviceSource& x, float* composed, DeviceMatrix<const float> q,
                              DeviceMatrix<float> p, DeviceFault* fault, DeviceStream stream) {
  const unsigned blocks = cuda::blocks_for(p.columns, kWarpRows * cuda::kBlock / cuda::kWarp);
  with_composer(x, [&](auto composer) {
    using Composed = decltype(composer);
    const auto kernel = q.rows <= 4 ? compose_and_project<4, Composed>
                                    : compose_and_project<kMostKernelRank, Composed>;
    cuda::launch(kernel, blocks, cuda::kBlock, stream, composer, composed, q, p, fault);
  });
}

}  // namespace pith
