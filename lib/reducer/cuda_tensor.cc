// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>
#include <variant>

#include <pith/comm/communicator.h>
#include <pith/core/error.h>
#include <pith/cuda/on_device.h>
#include <pith/feedback/device_feedback.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/cuda_tensor.h>
#include <pith/reducer/device_norm.h>

namespace pith {

CudaTensor::CudaTensor(std::string name, ElementType type, std::size_t elements,
                       const Spec& feedback, DeviceCommunicator* communicator,
                       std::optional<DeviceNode> node)
    : name_(std::move(name)),
      elements_(elements),
      device_(cuda::current_device()),
      feedback_(feedback),
      communicator_(communicator),
      node_(std::move(node)),
      whole_(type, node_ ? node_->elements() : elements),
      rule_(make_device_feedback(feedback, elements, Commit::step, stream_)),
      part_(node_ ? elements : 0),
      mean_(elements),
      findings_(1),
      host_findings_(1) {}

// Buffers must not go while work is on them. An error of that work is told nobody any more.
CudaTensor::~CudaTensor() {
  try {
    const cuda::OnDevice here(device_);
    wait();
  } catch (const Error&) {
  }
}

// With a deadline where other ranks' devices may be in the stream's way.
void CudaTensor::wait() {
  if (communicator_) return communicator_->wait(stream_);
  if (node_) return node_->wait(stream_);
  cuda::synchronize(stream_);
}

void CudaTensor::build(const Choice& choice, const Shape& shape, std::size_t ranks) {
  const cuda::OnDevice here(device_);
  wait();
  choice_ = choice;
  clear_compressors();
  if (choice.kind == CompressorKind::message) {
    make_messages(shape);
  } else if (choice.kind == CompressorKind::linear) {
    linear_ = make_device_linear(choice.pipeline, shape, stream_);
    if (before_) linear_->start_from(*before_, stream_);
    factors_ = cuda::DeviceBuffer<float>(communicator_ ? 0 : factor_elements());
  }
  on_host_ = cuda::PinnedBuffer<float>(on_host_elements());
  rehearse(ranks);
  // What zeros have taught them is not worth knowing.
  if (message_) make_messages(shape);
  before_.reset();
}

void CudaTensor::make_messages(const Shape& shape) {
  message_ = make_device_message(choice_.pipeline, shape);
  if (communicator_ && choice_.exchange == Exchange::sharded) build_owner();
}

// Of this rank's shard. The rule outlives compressors.
void CudaTensor::build_owner() {
  const std::size_t count = own_shard().size();
  owner_message_ = make_device_message(choice_.pipeline, Shape::flat(count));
  if (owner_rule_) return;
  owner_rule_ = make_device_feedback(owner_rule(feedback_), count, Commit::step, stream_);
}

Range CudaTensor::own_shard() const {
  const auto ranks = static_cast<std::size_t>(communicator_->size());
  const auto rank = static_cast<std::size_t>(communicator_->rank());
  return {block_start(elements_, ranks, rank), block_start(elements_, ranks, rank + 1)};
}

// A build that fails leaves the state that was to be taken over to the next one.
void CudaTensor::clear_compressors() {
  if (!before_) before_ = std::move(linear_);
  linear_.reset();
  message_.reset();
  owner_message_.reset();
  factors_ = {};
}

// A step that counted nowhere may have left work behind.
void CudaTensor::stage(const DeviceMemory& memory, bool pushed) {
  const cuda::OnDevice here(device_);
  wait();
  memory_ = memory;
  static_cast<const CudaMark&>(*memory.mark).event.hold_back(stream_);
  whole_.take(memory, pushed, stream_);
  gradient_ = whole_.floats();
  incoming_.clear();
  scratch_.clear();
  observed_ = decoded_ = exchanged_ = false;
}

void CudaTensor::look_at(std::span<const Range> ranges) {
  const cuda::OnDevice here(device_);
  look_.prepare(ranges);
  observed_ = true;
}

// Zeros, with no state, of a rank that is not present: the mean is not there yet.
void CudaTensor::compose(const StepContext& step, bool present) {
  if (present) {
    source_ = rule_->begin(gradient_, step);
    if (observed_) look_.begin(source_, stream_);
  } else {
    cuda::clear(mean_.span(), stream_);
    source_ = {.size = elements_, .gradient = mean_.span().data()};
  }
}

// Between devices, in this step; the host's exchanges have owners of their own.
bool CudaTensor::owns_a_shard() const {
  return exchanged_ && message_ && choice_.exchange == Exchange::sharded;
}

void CudaTensor::accept(bool present) {
  const cuda::OnDevice here(device_);
  if (present) rule_->accept();
  if (linear_) linear_->accept(stream_);
  if (owns_a_shard()) owner_rule_->accept();
}

void CudaTensor::rescale(double factor, bool present) {
  const cuda::OnDevice here(device_);
  rescale(*rule_, static_cast<float>(factor), present);
  if (owner_rule_) rescale(*owner_rule_, static_cast<float>(factor), owns_a_shard());
}

void CudaTensor::rescale(DeviceFeedback& rule, float factor, bool composed) {
  for (const DeviceStateView& state : rule.states()) {
    if (state.replicated || !composed) scale(factor, state.values, stream_);
  }
}

void CudaTensor::begin_norm() {
  const cuda::OnDevice here(device_);
  pith::squared_norm(gradient_, &findings_.span().data()->squared_norm, scratch_, stream_);
  bring_findings();
}

double CudaTensor::squared_norm() {
  const cuda::OnDevice here(device_);
  wait();
  return findings().squared_norm;
}

std::uint64_t CudaTensor::sum_in_node(bool pushed, double factor) {
  const cuda::OnDevice here(device_);
  gradient_ = part_.span();
  return node_->reduce(whole_.floats(), pushed, static_cast<float>(factor), part_.span(), scratch_,
                       stream_);
}

std::uint64_t CudaTensor::give() {
  const cuda::OnDevice here(device_);
  std::uint64_t wire_bytes = 0;
  rule_->absorb(mean_.span(), node_ ? part_.span() : whole_.floats(), stream_);
  if (node_) wire_bytes = node_->gather(part_.span(), whole_.floats(), scratch_, stream_);
  whole_.store(memory_, stream_);
  release(memory_);
  return wire_bytes;
}

void CudaTensor::release(const DeviceMemory& memory) {
  given_.record(stream_);
  given_.hold_back(memory.stream);
}

void CudaTensor::give_up() {
  const cuda::OnDevice here(device_);
  wait();
}

void CudaTensor::fill_with_nan(const DeviceMemory& memory) {
  const cuda::OnDevice here(device_);
  stage(memory, false);
  std::visit(
      [&](auto values) { cuda::fill_bytes(values.data(), 0xff, values.size_bytes(), stream_); },
      memory.values);
  release(memory);
}

std::vector<DeviceStateView> CudaTensor::states() {
  const cuda::OnDevice here(device_);
  wait();
  auto all = rule_->states();
  if (linear_ && !linear_->state().empty()) all.push_back({"q", true, linear_->state(), false});
  if (!owner_rule_) return all;
  for (DeviceStateView& state : owner_rule_->states()) {
    all.push_back({"owner_" + state.name, state.replicated, state.values, true, own_shard().begin});
  }
  return all;
}

std::vector<StateView<float>> CudaTensor::host_states() {
  auto all = rule_->host_states();
  if (!owner_rule_) return all;
  for (StateView<float>& state : owner_rule_->host_states()) {
    state.name = "owner_" + state.name;
    state.scope = Scope::owner;
    all.push_back(std::move(state));
  }
  return all;
}

}  // namespace pith
