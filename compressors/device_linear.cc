// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <string>

#include <pith/compressors/device_linear.cuh>
#include <pith/compressors/registry.h>
#include <pith/core/error.h>

namespace pith {

std::unique_ptr<DeviceLinearCompressor> make_device_linear(const Pipeline& pipeline,
                                                           const Shape& shape,
                                                           DeviceStream stream) {
  const auto host = make_linear<float>(pipeline, shape);
  if (shape.elements() > std::numeric_limits<std::uint32_t>::max()) {
    throw UsageError(text_of(pipeline) + ": " + shape.text() + " has 2^32 elements or more");
  }
  const auto* const compressor = host.get();
  if (const auto* cast = dynamic_cast<const CastLinear<float>*>(compressor)) {
    return make_device_cast_linear(*cast);
  }
  if (const auto* randomk = dynamic_cast<const RandomK<float>*>(compressor)) {
    return make_device_randomk(*randomk);
  }
  if (const auto* lowrank = dynamic_cast<const LowRank<float>*>(compressor)) {
    return make_device_lowrank(*lowrank, stream);
  }
  throw UsageError(text_of(pipeline) + ": " + pipeline.front().name + " has no device version");
}

}  // namespace pith
