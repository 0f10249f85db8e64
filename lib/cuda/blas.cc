// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>

#include <cublas_v2.h>

#include <pith/core/error.h>
#include <pith/cuda/blas.cuh>
#include <pith/cuda/stream.h>

namespace pith::cuda {
namespace {

// As much as cuBLAS takes by itself on most devices. Its own would be shared by all streams.
constexpr std::size_t kWorkspace = std::size_t{4} << 20;

void check_blas(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw DeviceError(std::string(call) + ": " + cublasGetStatusString(status));
}

struct Destroy {
  void operator()(cublasHandle_t handle) const { static_cast<void>(cublasDestroy(handle)); }
};
using Handle = std::unique_ptr<std::remove_pointer_t<cublasHandle_t>, Destroy>;

Handle make_handle() {
  cublasHandle_t made = nullptr;
  check_blas(cublasCreate(&made), "cublasCreate");
  Handle handle(made);
  check_blas(cublasSetMathMode(made, CUBLAS_PEDANTIC_MATH), "cublasSetMathMode");
  return handle;
}

struct Shared {
  std::mutex mutex;
  Handle handle;
};

// They stay when the process ends, as the driver may be gone by then.
Shared& shared_on(int device) {
  static std::mutex mutex;
  static auto& all = *new std::map<int, Shared>;
  const std::lock_guard lock(mutex);
  return all[device];
}

// Of one device, for one thread at a time: whichever multiplies, so that none takes memory for one
// of its own. A call may wait for its device, and that for another one, whose threads must not wait
// for this lock.
class Lease {
 public:
  Lease() : shared_(shared_on(current_device())), lock_(shared_.mutex) {
    if (!shared_.handle) shared_.handle = make_handle();
  }
  operator cublasHandle_t() const { return shared_.handle.get(); }

 private:
  Shared& shared_;
  std::lock_guard<std::mutex> lock_;
};

}  // namespace

void prepare_blas() { const Lease handle; }

void multiply(Transpose op, ColumnMajor<const float> a, ColumnMajor<const float> b,
              ColumnMajor<float> c, DeviceScratch& scratch, DeviceStream stream) {
  constexpr float one = 1;
  constexpr float zero = 0;
  const DeviceScratch::Frame frame(scratch);
  const auto workspace = scratch.take<std::byte>(kWorkspace);
  const auto size = [](std::size_t extent) { return static_cast<std::int64_t>(extent); };
  const Lease handle;
  check_blas(cublasSetStream(handle, stream), "cublasSetStream");  // before its workspace
  check_blas(cublasSetWorkspace(handle, workspace.data(), kWorkspace), "cublasSetWorkspace");
  check_blas(cublasSgemm_64(handle, op == Transpose::yes ? CUBLAS_OP_T : CUBLAS_OP_N, CUBLAS_OP_N,
                            size(c.rows), size(c.columns), size(b.rows), &one, a.values,
                            size(a.rows), b.values, size(b.rows), &zero, c.values, size(c.rows)),
             "cublasSgemm");
}

}  // namespace pith::cuda
