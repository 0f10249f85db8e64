// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <pith/core/error.h>
#include <pith/cuda/check.cuh>
#include <pith/cuda/stream.h>

namespace pith::cuda {
namespace {

std::string kind_of(const cudaPointerAttributes& memory) {
  if (memory.type == cudaMemoryTypeUnregistered) return "host memory";
  if (memory.type == cudaMemoryTypeHost) return "pinned host memory";
  return "memory of device " + std::to_string(memory.device);
}

int device_of(DeviceStream stream) {
#if CUDART_VERSION >= 12080
  int device = 0;
  const cudaError_t code = cudaStreamGetDevice(stream, &device);
  if (code != cudaErrorCallRequiresNewerDriver) {
    check(code, "cudaStreamGetDevice");
    return device;
  }
  static_cast<void>(cudaGetLastError());
#else
  static_cast<void>(stream);
#endif
  return current_device();  // older ones cannot tell
}

}  // namespace

int devices() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  static_cast<void>(cudaGetLastError());
  return 0;
}

int current_device() {
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  return device;
}

void use_device(int device) { check(cudaSetDevice(device), "cudaSetDevice"); }

std::string device_text() {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, current_device()), "cudaGetDeviceProperties");
  int version = 0;
  check(cudaRuntimeGetVersion(&version), "cudaRuntimeGetVersion");
  return std::string(properties.name) + ", " + std::to_string(properties.multiProcessorCount) +
         " multiprocessors, CUDA " + std::to_string(version / 1000) + "." +
         std::to_string(version % 1000 / 10);
}

Stream::Stream() {
  DeviceStream stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  stream_.reset(stream);
}

void Stream::Destroy::operator()(DeviceStream stream) const {
  static_cast<void>(cudaStreamDestroy(stream));
}

Event::Event(Timing timing) {
  cudaEvent_t event = nullptr;
  const unsigned flags = timing == Timing::on ? cudaEventDefault : cudaEventDisableTiming;
  check(cudaEventCreateWithFlags(&event, flags), "cudaEventCreateWithFlags");
  event_.reset(event);
}

void Event::Destroy::operator()(CUevent_st* event) const {
  static_cast<void>(cudaEventDestroy(event));
}

void Event::record(DeviceStream stream) {
  check(cudaEventRecord(event_.get(), stream), "cudaEventRecord");
}

void Event::hold_back(DeviceStream stream) const {
  check(cudaStreamWaitEvent(stream, event_.get(), 0), "cudaStreamWaitEvent");
}

void Event::wait() const { check(cudaEventSynchronize(event_.get()), "cudaEventSynchronize"); }

double Event::milliseconds_since(const Event& start) const {
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, start.event_.get(), event_.get()),
        "cudaEventElapsedTime");
  return milliseconds;
}

void synchronize(DeviceStream stream) {
  check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
}

bool is_done(DeviceStream stream) {
  const cudaError_t code = cudaStreamQuery(stream);
  if (code == cudaErrorNotReady) return false;
  check(code, "cudaStreamQuery");
  return true;
}

void check_on_device(std::string_view what, const void* memory, DeviceStream stream) {
  const std::string start = what.empty() ? "" : std::string(what) + ": ";
  cudaPointerAttributes attributes{};
  check(cudaPointerGetAttributes(&attributes, memory), "cudaPointerGetAttributes");
  const int device = current_device();
  const bool managed = attributes.type == cudaMemoryTypeManaged;
  if (!managed && (attributes.type != cudaMemoryTypeDevice || attributes.device != device)) {
    throw UsageError(start + "this is " + kind_of(attributes) + ", not memory of device " +
                     std::to_string(device));
  }
  if (stream && device_of(stream) != device) {
    throw UsageError(start + "the stream is of device " + std::to_string(device_of(stream)) +
                     ", the memory of device " + std::to_string(device));
  }
}

}  // namespace pith::cuda
