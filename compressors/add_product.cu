// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/skinny.cuh>
#include <pith/cuda/launch.cuh>

namespace pith {
namespace {

// A warp takes 32 columns of kRows rows, in registers; the warps of a block take rows one below the
// other. kFactorRows rows of the factors at a time lie in shared memory.
constexpr unsigned kRows = 8;
constexpr unsigned kBlockRows = kRows * cuda::kBlock / cuda::kWarp;
constexpr unsigned kFactorRows = 8;

struct Weights {
  float of[kFactorRows][kBlockRows];
};

// Those of rows from `row` on, of so many rows of p from `first` on.
__device__ void load_weights(Weights& weights, float a, const DeviceMatrix<const float>& p,
                             std::size_t first, unsigned count, std::size_t row) {
  __syncthreads();  // until all have used those before
  for (unsigned i = threadIdx.x; i < count * kBlockRows; i += blockDim.x) {
    const unsigned k = i / kBlockRows;
    const unsigned below = i % kBlockRows;
    if (row + below >= p.columns) continue;
    weights.of[k][below] = a * p.values[(first + k) * p.columns + row + below];
  }
  __syncthreads();
}

enum class Onto { zero, itself };

template <Onto kOnto>
__global__ void product(float a, DeviceMatrix<const float> p, DeviceMatrix<const float> q,
                        float* m) {
  __shared__ Weights weights;
  const std::size_t across = (q.columns + cuda::kWarp - 1) / cuda::kWarp;
  const std::size_t down = (p.columns + kBlockRows - 1) / kBlockRows;
  const unsigned mine = cuda::warp() * kRows;
  for (std::size_t tile = blockIdx.x; tile < across * down; tile += gridDim.x) {
    const std::size_t column = tile % across * cuda::kWarp + cuda::lane();
    const std::size_t row = tile / across * kBlockRows;
    const std::size_t rows = column < q.columns ? p.columns : 0;  // beyond q there are none
    float x[kRows];
#pragma unroll
    for (unsigned i = 0; i < kRows; ++i) {
      const bool inside = kOnto == Onto::itself && row + mine + i < rows;
      x[i] = inside ? m[(row + mine + i) * q.columns + column] : 0.0f;
    }
    for (std::size_t first = 0; first < q.rows; first += kFactorRows) {
      const auto count = static_cast<unsigned>(min(q.rows - first, std::size_t{kFactorRows}));
      load_weights(weights, a, p, first, count, row);
      for (unsigned k = 0; k < count; ++k) {
        const float y = column < q.columns ? q.values[(first + k) * q.columns + column] : 0.0f;
#pragma unroll
        for (unsigned i = 0; i < kRows; ++i) x[i] += weights.of[k][mine + i] * y;
      }
    }
#pragma unroll
    for (unsigned i = 0; i < kRows; ++i) {
      if (row + mine + i < rows) m[(row + mine + i) * q.columns + column] = x[i];
    }
  }
}

template <Onto kOnto>
void launch_product(float a, DeviceMatrix<const float> p, DeviceMatrix<const float> q, float* m,
                    DeviceStream stream) {
  const std::size_t across = (q.columns + cuda::kWarp - 1) / cuda::kWarp;
  const unsigned blocks = cuda::blocks_for(across * p.columns, kBlockRows);
  cuda::launch(product<kOnto>, blocks, cuda::kBlock, stream, a, p, q, m);
}

}  // namespace

void add_product(float a, DeviceMatrix<const float> p, DeviceMatrix<const float> q, float* m,
                 DeviceStream stream) {
  launch_product<Onto::itself>(a, p, q, m, stream);
}

void write_product(DeviceMatrix<const float> p, DeviceMatrix<const float> q, float* m,
                   DeviceStream stream) {
  launch_product<Onto::zero>(1, p, q, m, stream);
}

}  // namespace pith
