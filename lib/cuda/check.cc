// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <pith/core/error.h>
#include <pith/cuda/check.cuh>

namespace pith::cuda {
namespace {

// Taken off the runtime, which would give it to the next call too.
[[noreturn]] void refuse(cudaError_t code, const std::string& call) {
  static_cast<void>(cudaGetLastError());
  throw DeviceError(call + ": " + cudaGetErrorString(code));
}

}  // namespace

void check(cudaError_t code, const char* call) {
  if (code != cudaSuccess) refuse(code, call);
}

void check(cudaError_t code, const char* call, std::size_t bytes) {
  if (code != cudaSuccess)
    refuse(code, std::string(call) + " of " + std::to_string(bytes) + " bytes");
}

}  // namespace pith::cuda
