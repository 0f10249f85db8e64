// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

namespace pith::cuda {

/// Throws DeviceError, "cudaMalloc of 4096 bytes: out of memory", unless code is cudaSuccess.
void check(cudaError_t code, const char* call);
void check(cudaError_t code, const char* call, std::size_t bytes);

}  // namespace pith::cuda
