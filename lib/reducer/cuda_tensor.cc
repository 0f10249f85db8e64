// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>
#include <variant>

#include <pith/collectives/device_exchange.h>
#include <pith/collectives/unit.h>
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
      on_host_(on_host_elements()),
      findings_(1),
      host_findings_(1) {}

// Buffers must not go while work is on them. An error of that work is told nobody any more.
CudaTensor::~CudaTensor() {
  try {
    const cuda::OnDevice here(device_);
    cuda::synchronize(stream_);
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
  cuda::synchronize(stream_);
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

// A build that fails leaves the state that was to be taken over to the next one.
void CudaTensor::clear_compressors() {
  if (!before_) before_ = std::move(linear_);
  linear_.reset();
  message_.reset();
  owner_message_.reset();
  factors_ = {};
}

// A step that counted nowhere may have left work behind.
void CudaTensor::stage(const DeviceMemory& memory) {
  const cuda::OnDevice here(device_);
  wait();
  memory_ = memory;
  static_cast<const CudaMark&>(*memory.mark).event.hold_back(stream_);
  whole_.load(memory, stream_);
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

void CudaTensor::encode(const StepContext& step, Cuts cuts, const RandomKey& key) {
  const cuda::OnDevice here(device_);
  compose(step, true);
  const DeviceWire wire = outgoing_.begin(segments(cuts), message_->place_bytes(cuts), stream_);
  message_->encode(source_, cuts, key, wire, scratch_, stream_);
  outgoing_.bring(elements_ * sizeof(float), stream_);
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
  stage(memory);
  std::visit(
      [&](auto values) { cuda::fill_bytes(values.data(), 0xff, values.size_bytes(), stream_); },
      memory.values);
  release(memory);
}

std::vector<DeviceStateView> CudaTensor::states() {
  const cuda::OnDevice here(device_);
  wait();
  auto all = rule_->states();
  if (!owner_rule_) return all;
  for (DeviceStateView& state : owner_rule_->states()) {
    all.push_back({"owner_" + state.name, state.replicated, state.values});
  }
  return all;
}

}  // namespace pith
