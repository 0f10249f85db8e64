// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <pith/core/error.h>
#include <pith/cuda/on_device.h>
#include <pith/feedback/device_feedback.h>
#include <pith/reducer/cuda_tensor.h>

namespace pith {

CudaTensor::CudaTensor(std::string name, std::size_t elements, const Spec& feedback)
    : name_(std::move(name)),
      elements_(elements),
      device_(cuda::current_device()),
      rule_(make_device_feedback(feedback, elements, Commit::step, stream_)),
      mean_(elements),
      findings_(1),
      host_findings_(1) {}

void CudaTensor::build(const Choice& choice, const Shape& shape) {
  const cuda::OnDevice here(device_);
  cuda::synchronize(stream_);
  message_.reset();
  const auto before = std::move(linear_);
  if (choice.kind == CompressorKind::message) {
    message_ = make_device_message(choice.pipeline, shape);
  } else if (choice.kind == CompressorKind::linear) {
    linear_ = make_device_linear(choice.pipeline, shape, stream_);
    if (before) linear_->start_from(*before, stream_);
    cuda::synchronize(stream_);
    make_room_for_factors();
  }
}

void CudaTensor::make_room_for_factors() {
  std::size_t elements = 0;
  for (int round = 0; round < linear_->rounds(); ++round) {
    elements += linear_->factor_elements(round);
  }
  if (factors_.size() < elements) factors_ = cuda::DeviceBuffer<float>(elements);
}

// A step that counted nowhere may have left work behind.
void CudaTensor::stage(const DeviceMemory& memory) {
  const cuda::OnDevice here(device_);
  cuda::synchronize(stream_);
  memory_ = memory;
  static_cast<const CudaMark&>(*memory.mark).event.hold_back(stream_);
  incoming_.clear();
  scratch_.clear();
  decoded_ = false;
}

void CudaTensor::compose(const StepContext& step) { source_ = rule_->begin(memory_.values, step); }

void CudaTensor::encode(const StepContext& step, Cuts cuts, const RandomKey& key) {
  const cuda::OnDevice here(device_);
  compose(step);
  std::size_t stride = 0;
  for (std::size_t s = 0; s < segments(cuts); ++s) {
    stride = std::max(stride, message_->max_segment_bytes(cuts[s + 1] - cuts[s]));
  }
  const DeviceWire wire = outgoing_.begin(segments(cuts), stride, stream_);
  message_->encode(source_, cuts, key, wire, scratch_, stream_);
  outgoing_.bring(stream_);
}

void CudaTensor::collect(std::span<std::span<const std::byte>> segments) {
  const cuda::OnDevice here(device_);
  cuda::synchronize(stream_);
  if (outgoing_.fault().non_finite != 0) throw NonFiniteError();
  for (std::size_t s = 0; s < segments.size(); ++s) segments[s] = outgoing_.segment(s);
}

void CudaTensor::send_exactly(const StepContext& step, std::span<float> out) {
  const cuda::OnDevice here(device_);
  compose(step);
  pith::send_exactly(source_, mean_.span(), stream_);
  cuda::download(DeviceSpan<const float>(mean_.span()), out, stream_);
  cuda::synchronize(stream_);
}

void CudaTensor::look_for_non_finite(const DeviceSource& x) {
  Findings& found = *findings_.span().data();
  find_non_finite(x, &found.first_non_finite, &found.value, stream_);
}

CudaTensor::Findings CudaTensor::findings() {
  cuda::download(DeviceSpan<const Findings>(findings_.span()), host_findings_.span(), stream_);
  cuda::synchronize(stream_);
  return host_findings_.span().front();
}

NonFiniteElement<float> CudaTensor::first_non_finite() {
  const cuda::OnDevice here(device_);
  look_for_non_finite(source_);
  const Findings found = findings();
  return {found.first_non_finite, found.value};
}

// The factors lie one after the other.
DeviceSpan<float> CudaTensor::factor_of(int round) {
  std::size_t first = 0;
  for (int r = 0; r < round; ++r) first += linear_->factor_elements(r);
  return factors_.span().subspan(first, linear_->factor_elements(round));
}

void CudaTensor::factor(int round, const StepContext& step, const RandomKey& key,
                        std::span<float> out) {
  const cuda::OnDevice here(device_);
  if (round == 0) compose(step);
  DeviceFault* const fault = &findings_.span().data()->fault;
  if (round == 0) cuda::clear(DeviceSpan<DeviceFault>(fault, 1), stream_);
  linear_->factor(round, source_, key, factor_of(round), fault, scratch_, stream_);
  cuda::download(DeviceSpan<const float>(factor_of(round)), out, stream_);
  if (findings().fault.non_finite != 0) throw NonFiniteError();
}

void CudaTensor::take_average(int round, std::span<const float> average) {
  const cuda::OnDevice here(device_);
  cuda::upload(average, factor_of(round), stream_);
  cuda::synchronize(stream_);  // the trainer's step may end before the copy
}

void CudaTensor::reconstruct() {
  const cuda::OnDevice here(device_);
  linear_->reconstruct(mean_.span(), stream_);
  cuda::clear(DeviceSpan<DeviceFault>(&findings_.span().data()->fault, 1), stream_);
  decoded_ = true;
}

void CudaTensor::decode(std::span<const std::span<const std::byte>> segments, Range range,
                        std::size_t first, float divisor) {
  const cuda::OnDevice here(device_);
  DeviceFault* const fault = &findings_.span().data()->fault;
  if (!std::exchange(decoded_, true)) cuda::clear(DeviceSpan<DeviceFault>(fault, 1), stream_);
  const auto mean = mean_.span().subspan(range.begin, range.size());
  if (segments.empty()) return cuda::clear(mean, stream_);
  const auto there = incoming_.bring(segments, stream_);
  message_->decode_mean(there, first, divisor, mean, fault, scratch_, stream_);
}

void CudaTensor::take_mean(std::span<const float> mean) {
  const cuda::OnDevice here(device_);
  cuda::upload(mean, mean_.span(), stream_);
}

// A mean that came as it is has been looked at.
bool CudaTensor::finish_mean() {
  const cuda::OnDevice here(device_);
  if (!decoded_) {
    cuda::synchronize(stream_);
    return true;
  }
  DeviceSource mean;
  mean.size = elements_;
  mean.gradient = mean_.span().data();
  look_for_non_finite(mean);
  const Findings found = findings();
  if (found.fault.invalid != 0) throw WireError("a message is not valid");
  return found.first_non_finite == elements_;
}

void CudaTensor::accept() {
  const cuda::OnDevice here(device_);
  rule_->accept();
  if (linear_) linear_->accept(stream_);
}

void CudaTensor::rescale(double factor, bool composed) {
  const cuda::OnDevice here(device_);
  for (const DeviceStateView& state : rule_->states()) {
    if (state.replicated || !composed) scale(static_cast<float>(factor), state.values, stream_);
  }
}

void CudaTensor::give() {
  const cuda::OnDevice here(device_);
  rule_->absorb(mean_.span(), memory_.values, stream_);
  release(memory_);
}

void CudaTensor::release(const DeviceMemory& memory) {
  given_.record(stream_);
  given_.hold_back(memory.stream);
}

void CudaTensor::fill_with_nan(const DeviceMemory& memory) {
  const cuda::OnDevice here(device_);
  stage(memory);
  cuda::fill_bytes(memory.values.data(), 0xff, memory.values.size_bytes(), stream_);
  release(memory);
}

std::vector<DeviceStateView> CudaTensor::states() {
  const cuda::OnDevice here(device_);
  cuda::synchronize(stream_);
  return rule_->states();
}

}  // namespace pith
