// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include <pith/compressors/device_linear.h>
#include <pith/compressors/device_message.h>
#include <pith/core/error.h>
#include <pith/cuda/on_device.h>
#include <pith/cuda/stream.h>
#include <pith/reducer/cuda_tensor.h>
#include <pith/reducer/device_backend.h>

namespace pith {
namespace {

class Backend final : public DeviceBackend {
 public:
  explicit Backend(DeviceCommunicator* communicator) : communicator_(communicator) {}

  bool goes_between_devices() const override { return communicator_ != nullptr; }

  std::unique_ptr<DeviceTensor> make_tensor(const std::string& name, std::size_t elements,
                                            const Spec& feedback) const override {
    return std::make_unique<CudaTensor>(name, elements, feedback, communicator_);
  }

  void check(const Choice& choice, const Shape& shape) const override {
    if (choice.kind == CompressorKind::message) {
      make_device_message(choice.pipeline, shape);
    } else if (choice.kind == CompressorKind::linear) {
      make_device_linear(choice.pipeline, shape, nullptr);
    }
  }

  std::shared_ptr<const DeviceMark> mark(const std::string& what,
                                         const DeviceMemory& memory) const override {
    cuda::check_on_device(what, memory.values, memory.stream);
    auto mark = std::make_shared<CudaMark>();
    mark->event.record(memory.stream);
    return mark;
  }

  void read(const std::string& what, const DeviceMemory& memory,
            std::span<float> values) const override {
    cuda::check_on_device(what, memory.values, memory.stream);
    cuda::download(DeviceSpan<const float>(memory.values), values, memory.stream);
    cuda::synchronize(memory.stream);
  }

  void write(const std::string& what, std::span<const float> values,
             const DeviceMemory& memory) const override {
    cuda::check_on_device(what, memory.values, memory.stream);
    cuda::upload(values, memory.values, memory.stream);
    cuda::synchronize(memory.stream);
  }

 private:
  DeviceCommunicator* communicator_;
};

}  // namespace

std::shared_ptr<const DeviceBackend> device_backend() { return std::make_shared<Backend>(nullptr); }

std::shared_ptr<const DeviceBackend> device_backend(DeviceCommunicator& communicator) {
  return std::make_shared<Backend>(&communicator);
}

}  // namespace pith
