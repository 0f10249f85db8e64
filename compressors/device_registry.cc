// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/compressors/device_registry.h>
#include <pith/compressors/device_sparse_message.h>
#include <pith/compressors/registry.h>
#include <pith/compressors/sparse_message.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

// Stages that code every element: nothing is left for a second one.
struct DenseDeviceMaker {
  std::string_view name;
  std::unique_ptr<DeviceMessageCompressor> (*make)(const Spec&);
};

constexpr DenseDeviceMaker kDense[] = {
    {"identity", make_device_identity}, {"cast", make_device_cast},
    {"onebit", make_device_onebit},     {"quantize", make_device_quantize},
    {"levels", make_device_levels},
};

// Stages that keep some elements and leave their values to the next.
struct SparseDeviceMaker {
  std::string_view name;
  std::unique_ptr<DeviceSelector> (*make)(const Spec&);
};

constexpr SparseDeviceMaker kSparse[] = {
    {"topk", make_device_topk},
    {"threshold", make_device_threshold},
};

[[noreturn]] void refuse(const Pipeline& pipeline, const std::string& stage) {
  throw UsageError(text_of(pipeline) + ": " + stage + " has no device version");
}

std::unique_ptr<DeviceMessageCompressor> make_sparse(const Pipeline& pipeline, const Shape& shape) {
  const Spec& first = pipeline.front();
  const auto maker = std::ranges::find(kSparse, first.name, &SparseDeviceMaker::name);
  if (maker == std::end(kSparse)) refuse(pipeline, first.name);
  Arguments arguments(first);
  const auto [index, values] = sparse_arguments(arguments);
  const Pipeline second = pipeline.size() > 1 ? Pipeline(pipeline.begin() + 1, pipeline.end())
                                              : Pipeline{values_stage(values)};
  return make_device_sparse({make_sparse_message<float>(pipeline, shape), maker->make(first), index,
                             make_device_message(second, shape),
                             second.front().name == "identity"});
}

}  // namespace

std::size_t DeviceMessageCompressor::place_bytes(Cuts cuts) const {
  std::size_t most = 0;
  for (std::size_t s = 0; s < segments(cuts); ++s) {
    most = std::max(most, host().max_segment_bytes(cuts[s + 1] - cuts[s]));
  }
  return std::min(most, host().max_wire_bytes(cuts.back(), segments(cuts)));
}

std::unique_ptr<DeviceMessageCompressor> make_device_message(const Pipeline& pipeline,
                                                             const Shape& shape) {
  make_message<float>(pipeline, shape);  // what is wrong on the host is so here
  const Spec& first = pipeline.front();
  if (is_sparse(pipeline)) return make_sparse(pipeline, shape);
  const auto maker = std::ranges::find(kDense, first.name, &DenseDeviceMaker::name);
  if (maker == std::end(kDense)) refuse(pipeline, first.name);
  if (pipeline.size() > 1) refuse(pipeline, pipeline.back().name);
  return maker->make(first);
}

}  // namespace pith
