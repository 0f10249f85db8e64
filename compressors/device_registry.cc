// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/compressors/device_registry.h>
#include <pith/compressors/registry.h>
#include <pith/core/error.h>

namespace pith {
namespace {

// Stages that code every element: nothing is left for a second one.
struct DenseDeviceMaker {
  std::string_view name;
  std::unique_ptr<DeviceMessageCompressor> (*make)(const Spec&);
};

constexpr DenseDeviceMaker kDense[] = {
    {"identity", make_device_identity},
    {"cast", make_device_cast},
};

[[noreturn]] void refuse(const Pipeline& pipeline, const std::string& stage) {
  throw UsageError(text_of(pipeline) + ": " + stage + " has no device version");
}

}  // namespace

std::unique_ptr<DeviceMessageCompressor> make_device_message(const Pipeline& pipeline,
                                                             const Shape& shape) {
  make_message<float>(pipeline, shape);  // what is wrong on the host is so here
  const Spec& first = pipeline.front();
  const auto maker = std::ranges::find(kDense, first.name, &DenseDeviceMaker::name);
  if (maker == std::end(kDense)) refuse(pipeline, first.name);
  if (pipeline.size() > 1) refuse(pipeline, pipeline.back().name);
  return maker->make(first);
}

}  // namespace pith
