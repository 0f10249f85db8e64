// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <pith/collectives/device_exchange.h>
#include <pith/collectives/unit.h>
#include <pith/comm/communicator.h>
#include <pith/core/error.h>
#include <pith/cuda/on_device.h>
#include <pith/feedback/device_feedback.h>
#include <pith/reducer/cuda_tensor.h>

// What exchanges ask of a tensor on a device.
namespace pith {

void CudaTensor::encode(const StepContext& step, Cuts cuts, const RandomKey& key) {
  const cuda::OnDevice here(device_);
  compose(step, true);
  const DeviceWire wire = outgoing_.begin(segments(cuts), message_->place_bytes(cuts), stream_);
  message_->encode(source_, cuts, key, wire, scratch_, stream_);
  outgoing_.bring(most_at_once(), stream_);
}

// More than that is asked for when it is known how much of it there is: a second way to the device
// takes about as long as the first.
std::size_t CudaTensor::most_at_once() const {
  constexpr std::size_t kAlways = std::size_t{1} << 20;
  return kAlways + elements_ * sizeof(float) / 4 * 5;
}

void CudaTensor::collect(std::span<std::span<const std::byte>> segments) {
  const cuda::OnDevice here(device_);
  wait();
  if (outgoing_.fault().non_finite != 0) throw NonFiniteError();
  if (outgoing_.bring_the_rest(stream_)) wait();
  for (std::size_t s = 0; s < segments.size(); ++s) segments[s] = outgoing_.segment(s);
}

void CudaTensor::send_exactly(const StepContext& step) {
  const cuda::OnDevice here(device_);
  compose(step, true);
  pith::send_exactly(source_, mean_.span(), stream_);
  cuda::download(DeviceSpan<const float>(mean_.span()), on_host_.span(), stream_);
}

void CudaTensor::collect_exactly(std::span<float> out) {
  const cuda::OnDevice here(device_);
  wait();
  std::ranges::copy(on_host_.span(), out.begin());
}

void CudaTensor::look_for_non_finite(const DeviceSource& x) {
  Findings& found = *findings_.span().data();
  find_non_finite(x, &found.first_non_finite, &found.value, stream_);
}

void CudaTensor::bring_findings() {
  cuda::download(DeviceSpan<const Findings>(findings_.span()), host_findings_.span(), stream_);
}

NonFiniteElement<float> CudaTensor::first_non_finite() {
  const cuda::OnDevice here(device_);
  look_for_non_finite(source_);
  bring_findings();
  wait();
  return {findings().first_non_finite, findings().value};
}

// The factors lie one after the other.
Range CudaTensor::factor_range(int round) const {
  std::size_t first = 0;
  for (int r = 0; r < round; ++r) first += linear_->factor_elements(r);
  return {first, first + linear_->factor_elements(round)};
}

DeviceSpan<float> CudaTensor::factor_of(int round) const {
  const Range range = factor_range(round);
  return factors_.span().subspan(range.begin, range.size());
}

std::span<float> CudaTensor::factor_on_host(int round) const {
  return slice(on_host_.span(), factor_range(round));
}

std::size_t CudaTensor::factor_elements() const { return factor_range(linear_->rounds() - 1).end; }

std::size_t CudaTensor::on_host_elements() const {
  if (communicator_ || message_) return 0;
  return linear_ ? factor_elements() : elements_;
}

std::size_t CudaTensor::message_bytes() const {
  if (linear_) return factor_elements() * size_of(linear_->factor_type());
  if (!message_) return elements_ * sizeof(float);
  const bool whole = choice_.exchange == Exchange::gather;
  const auto segments = whole ? std::size_t{1} : static_cast<std::size_t>(communicator_->size());
  std::vector<std::size_t> cuts;
  for (std::size_t s = 0; s <= segments; ++s) cuts.push_back(block_start(elements_, segments, s));
  return segments * message_->place_bytes(cuts);
}

DeviceBytes CudaTensor::exchange(const StepContext& step, const RandomKey& key, float divisor,
                                 bool present) {
  const cuda::OnDevice here(device_);
  cuda::clear(DeviceSpan<DeviceFault>(fault(), 1), stream_);
  exchanged_ = decoded_ = true;
  compose(step, present);
  const std::uint64_t before = communicator_->wire_bytes();
  const cuda::DeviceScratch::Frame frame(scratch_);  // what is in it stays until the next step
  exchange_by(step, key, {*communicator_, scratch_, stream_, divisor, fault()});
  return {message_bytes(), communicator_->wire_bytes() - before};
}

void CudaTensor::exchange_by(const StepContext& step, const RandomKey& key,
                             const DeviceRound& round) {
  if (linear_) return linear(source_, *linear_, key, mean_.span(), round);
  if (!message_) return raw(source_, ElementType::float32, mean_.span(), round);
  const DeviceMessage mine{source_, *message_, key};
  if (choice_.exchange == Exchange::gather) return gather(mine, mean_.span(), round);
  StepContext of_shard = step;
  of_shard.gradient_scale = 1;
  of_shard.guarantee = owner_message_->guarantee(own_shard().size());
  RandomKey owners = key;
  owners.tensor ^= kOwnerKey;
  sharded(mine, {owner_rule_->begin({}, of_shard), *owner_message_, owners}, mean_.span(), round);
}

void CudaTensor::factor(int round, const StepContext& step, const RandomKey& key, bool present) {
  const cuda::OnDevice here(device_);
  if (round == 0) {
    compose(step, present);
    cuda::clear(DeviceSpan<DeviceFault>(fault(), 1), stream_);
  }
  const auto out = factor_of(round);
  linear_->factor(round, source_, key, out, fault(), scratch_, stream_);
  cuda::download(DeviceSpan<const float>(out), factor_on_host(round), stream_);
  bring_findings();
}

void CudaTensor::collect_factor(int round, std::span<float> out) {
  const cuda::OnDevice here(device_);
  wait();
  if (findings().fault.non_finite != 0) throw NonFiniteError();
  std::ranges::copy(factor_on_host(round), out.begin());
}

void CudaTensor::take_average(int round, std::span<const float> average) {
  const cuda::OnDevice here(device_);
  const auto brought = factor_on_host(round);
  std::ranges::copy(average, brought.begin());
  cuda::upload(std::span<const float>(brought), factor_of(round), stream_);
}

void CudaTensor::reconstruct() {
  const cuda::OnDevice here(device_);
  linear_->reconstruct(mean_.span(), stream_);
  cuda::clear(DeviceSpan<DeviceFault>(fault(), 1), stream_);
  decoded_ = true;
}

void CudaTensor::decode(std::span<const std::span<const std::byte>> segments, Range range,
                        std::size_t first, float divisor) {
  const cuda::OnDevice here(device_);
  if (!std::exchange(decoded_, true)) cuda::clear(DeviceSpan<DeviceFault>(fault(), 1), stream_);
  const auto mean = mean_.span().subspan(range.begin, range.size());
  if (segments.empty()) return cuda::clear(mean, stream_);
  const auto there = incoming_.bring(segments, stream_);
  message_->decode_mean(there, first, divisor, mean, fault(), scratch_, stream_);
}

void CudaTensor::take_mean(std::span<const float> mean) {
  const cuda::OnDevice here(device_);
  std::ranges::copy(mean, on_host_.span().begin());
  cuda::upload(std::span<const float>(on_host_.span()), mean_.span(), stream_);
}

// A mean that came as it is has been looked at.
void CudaTensor::check_mean() {
  if (!decoded_) return;
  const cuda::OnDevice here(device_);
  look_for_non_finite({.size = elements_, .gradient = mean_.span().data()});
  bring_findings();
}

bool CudaTensor::finish_mean() {
  const cuda::OnDevice here(device_);
  wait();
  if (!decoded_) return true;
  const Findings found = findings();
  const bool own = exchanged_ && found.fault.non_finite != 0;
  if (own && first_non_finite().index < elements_) throw NonFiniteError();
  if (found.fault.invalid != 0) throw WireError("a message is not valid");
  return found.first_non_finite == elements_ && !own;
}

}  // namespace pith
