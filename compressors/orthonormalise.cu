// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <pith/compressors/dot.h>
#include <pith/compressors/skinny.cuh>
#include <pith/cuda/scan.cuh>

namespace pith {
namespace {

// One thread for each stripe of each partial sum of dot(); it keeps to its own elements, so that
// threads wait for each other where sums are added only.
constexpr unsigned kThreads = kDotSums * kDotStripes;
constexpr unsigned kWarpSums = cuda::kWarp / kDotStripes;
constexpr double kDependent = 16.0 * std::numeric_limits<float>::epsilon();

// Calls body(i) for the elements of this thread in a block of kDotBlock.
template <class Body>
__device__ void for_stripe(std::size_t block, std::size_t n, const Body& body) {
  const std::size_t first = block * kDotBlock + cuda::lane() % kDotStripes;
#pragma unroll
  for (unsigned j = 0; j < kDotBlock; j += kDotStripes) {
    if (first + j < n) body(first + j);
  }
}

__device__ std::size_t first_block() {
  return cuda::warp() * kWarpSums + cuda::lane() / kDotStripes;
}

template <class Body>
__device__ void for_own(std::size_t n, const Body& body) {
  for (std::size_t b = first_block(); b * kDotBlock < n; b += kDotSums) for_stripe(b, n, body);
}

// All threads call it, and all get the sum.
__device__ double dot(const float* x, const float* y, std::size_t n, double (&sums)[kDotSums]) {
  double own = 0;
  const std::size_t offset = cuda::lane() / kDotStripes;
  for (std::size_t b = first_block(); (b - offset) * kDotBlock < n; b += kDotSums) {
    double stripe = 0;
    for_stripe(b, n, [&](std::size_t i) {
      stripe += static_cast<double>(x[i]) * static_cast<double>(y[i]);
    });
    own += cuda::warp_sum<kDotStripes>(stripe);
  }
  if (cuda::lane() % kDotStripes == 0) sums[first_block()] = own;
  __syncthreads();
  static_assert(kDotSums == 2 * cuda::kWarp);
  return cuda::warp_sum(sums[cuda::lane()] + sums[cuda::lane() + cuda::kWarp]);
}

// As the functions of orthonormalise.cc, by all threads of a block.
struct Basis {
  DeviceMatrix<float> vectors;
  double (&sums)[2][kDotSums];  // in turn, so that one wait per sum is enough
  unsigned turn = 0;

  __device__ float* row(std::size_t j) const { return vectors.values + j * vectors.columns; }

  __device__ double dot_of(const float* x, const float* y) {
    turn = 1 - turn;
    return dot(x, y, vectors.columns, sums[turn]);
  }

  __device__ bool normalise(float* v, double least) {
    const double length = sqrt(dot_of(v, v));
    if (!(length > least)) return false;
    const double factor = 1 / length;
    for_own(vectors.columns,
            [&](std::size_t i) { v[i] = static_cast<float>(static_cast<double>(v[i]) * factor); });
    return true;
  }

  __device__ void remove_parts(std::size_t count, float* v) {
    for (std::size_t j = 0; j < count; ++j) {
      const float* const x = row(j);
      const auto a = static_cast<float>(-dot_of(x, v));
      for_own(vectors.columns, [&](std::size_t i) { v[i] += a * x[i]; });
    }
  }

  __device__ bool orthonormalise_row(std::size_t j) {
    if (!normalise(row(j), 0)) return false;
    remove_parts(j, row(j));
    remove_parts(j, row(j));
    return normalise(row(j), kDependent);
  }

  __device__ void randomise(float* v, const Random& random, std::uint64_t first) {
    for_own(vectors.columns, [&](std::size_t i) {
      double sum = 0;
      const Random::Block words = random.block(first + i);
#pragma unroll
      for (unsigned w = 0; w < 4; ++w) sum += words[w];
      v[i] = static_cast<float>(sum * 0x1p-32 - 2.0);
    });
  }
};

__global__ __launch_bounds__(kThreads, 1) void orthonormalise_rows(DeviceMatrix<float> vectors,
                                                                   Random random,
                                                                   std::uint64_t first) {
  __shared__ double sums[2][kDotSums];
  Basis basis{vectors, sums};
  for (std::size_t j = 0; j < vectors.rows; ++j) {
    while (!basis.orthonormalise_row(j)) {
      basis.randomise(basis.row(j), random, first);
      first += vectors.columns;
    }
  }
}

}  // namespace

void orthonormalise(DeviceMatrix<float> vectors, const Random& random, std::uint64_t first,
                    DeviceStream stream) {
  cuda::launch(orthonormalise_rows, 1, kThreads, stream, vectors, random, first);
}

}  // namespace pith
