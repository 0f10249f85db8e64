// SPDX-License-Identifier: Apache-2.0
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <pith/compressors/device_linear.h>
#include <pith/compressors/device_message.h>
#include <pith/core/error.h>
#include <pith/cuda/on_device.h>
#include <pith/cuda/stream.h>
#include <pith/reducer/cuda_tensor.h>
#include <pith/reducer/device_backend.h>
#include <pith/reducer/device_node.h>

namespace pith {
namespace {

class Backend final : public DeviceBackend {
 public:
  explicit Backend(const DeviceRanks& ranks) : ranks_(ranks) {}

  void use_device() const override {
    try {
      cuda::use_device(device());
    } catch (const Error&) {  // of earlier work: the next call tells that too
    }
  }

  bool goes_between_devices() const override { return ranks_.all != nullptr; }

  std::unique_ptr<DeviceTensor> make_tensor(const std::string& name, ElementType type,
                                            std::size_t elements, const Spec& feedback,
                                            const DeviceParts* parts) const override {
    const cuda::OnDevice here(device());
    std::optional<DeviceNode> node;
    if (parts) node.emplace(*ranks_.node, parts->of_rank, parts->mean_ranks);
    return std::make_unique<CudaTensor>(name, type, elements, feedback, ranks_.all,
                                        std::move(node));
  }

  std::string node_problem(int rank, int size) const override {
    if (!ranks_.node) return "no communicator of the node's devices is given (DeviceRanks::node)";
    if (ranks_.node->rank() == rank && ranks_.node->size() == size) return {};
    return "this is rank " + std::to_string(rank) + " of " + std::to_string(size) +
           " in its node, but rank " + std::to_string(ranks_.node->rank()) + " of " +
           std::to_string(ranks_.node->size()) + " in the communicator of the node's devices";
  }

  void check(const Choice& choice, const Shape& shape) const override {
    const cuda::OnDevice here(device());
    if (choice.kind == CompressorKind::message) {
      make_device_message(choice.pipeline, shape);
    } else if (choice.kind == CompressorKind::linear) {
      make_device_linear(choice.pipeline, shape, nullptr);
    }
  }

  std::shared_ptr<const DeviceMark> mark(const DeviceMemory& memory) const override {
    const cuda::OnDevice here(device());
    std::visit([&](auto values) { cuda::check_on_device("", values, memory.stream); },
               memory.values);
    auto mark = std::make_shared<CudaMark>();
    mark->event.record(memory.stream);
    return mark;
  }

  void read(const std::string& what, DeviceSpan<const float> from, std::span<float> to,
            DeviceStream stream) const override {
    const cuda::OnDevice here(device());
    cuda::check_on_device(what, from, stream);
    cuda::download(from, to, stream);
    cuda::synchronize(stream);
  }

  void write(const std::string& what, std::span<const float> from, DeviceSpan<float> to,
             DeviceStream stream) const override {
    const cuda::OnDevice here(device());
    cuda::check_on_device(what, to, stream);
    cuda::upload(from, to, stream);
    cuda::synchronize(stream);
  }

 private:
  // The one that is current when it is first asked for: a rank's tensors lie on one.
  int device() const {
    std::call_once(chosen_, [this] { device_ = cuda::current_device(); });
    return device_;
  }

  DeviceRanks ranks_;
  mutable std::once_flag chosen_;
  mutable int device_ = 0;
};

}  // namespace

std::shared_ptr<const DeviceBackend> device_backend(const DeviceRanks& ranks) {
  if (ranks.all && ranks.node) {
    throw UsageError("device_backend: give a communicator of all devices, or of the node's");
  }
  return std::make_shared<Backend>(ranks);
}

}  // namespace pith
