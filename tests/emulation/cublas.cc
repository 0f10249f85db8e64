// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "cublas_v2.h"

struct cublasContext {
  cudaStream_t stream = nullptr;
  void* memory = nullptr;     // its own
  void* workspace = nullptr;  // given
  std::size_t bytes = 0;
};

namespace {

constexpr std::size_t kOwn = 1 << 10;

struct Product {
  bool transposed;
  std::int64_t m, n, k;
  const float* a;
  std::int64_t lda;
  const float* b;
  std::int64_t ldb;
  float* c;
  std::int64_t ldc;

  void operator()() const {
    for (std::int64_t j = 0; j < n; ++j) {
      for (std::int64_t i = 0; i < m; ++i) {
        float sum = 0;
        for (std::int64_t l = 0; l < k; ++l) {
          sum += (transposed ? a[i * lda + l] : a[l * lda + i]) * b[j * ldb + l];
        }
        c[j * ldc + i] = sum;
      }
    }
  }
};

}  // namespace

// As cuBLAS does, it takes memory of the device, which it cannot while a stream is captured.
cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  void* memory = nullptr;
  if (cudaMalloc(&memory, kOwn) != cudaSuccess) return CUBLAS_STATUS_ALLOC_FAILED;
  *handle = new cublasContext{nullptr, memory};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  static_cast<void>(cudaFree(handle->memory));
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}

// Takes the workspace away.
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  handle->workspace = nullptr;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) { return CUBLAS_STATUS_SUCCESS; }

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* memory, std::size_t bytes) {
  if (reinterpret_cast<std::uintptr_t>(memory) % 256 != 0) return CUBLAS_STATUS_INVALID_VALUE;
  handle->workspace = memory;
  handle->bytes = bytes;
  return CUBLAS_STATUS_SUCCESS;
}

// What is in its workspace is lost.
cublasStatus_t cublasSgemm_64(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                              std::int64_t m, std::int64_t n, std::int64_t k, const float* alpha,
                              const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
                              const float* beta, float* c, std::int64_t ldc) {
  const bool transposed = op_a == CUBLAS_OP_T;
  if (op_b != CUBLAS_OP_N || *alpha != 1 || *beta != 0 || lda < (transposed ? k : m) || ldb < k ||
      ldc < m) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (handle->workspace) {
    static_cast<void>(cudaMemsetAsync(handle->workspace, 0xa5, handle->bytes, handle->stream));
  }
  emulation::enqueue(handle->stream, Product{transposed, m, n, k, a, lda, b, ldb, c, ldc});
  return CUBLAS_STATUS_SUCCESS;
}

const char* cublasGetStatusString(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "success";
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "the resource allocation failed";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "an unsupported value or parameter was passed to the function";
  }
  return "unknown error";
}
