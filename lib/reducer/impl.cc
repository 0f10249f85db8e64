// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/core/log.h>
#include <pith/reducer/advice.h>
#include <pith/reducer/device_plan.h>
#include <pith/reducer/impl.h>
#include <pith/reducer/registration.h>

namespace pith {
namespace {

// A spec that is wrong on one rank only must not leave the others waiting: all ranks throw.
Settings resolve_together(Communicator& communicator, ReducerOptions options) {
  std::string error;
  Settings settings;
  try {
    settings = resolve(std::move(options));
  } catch (const Error& failure) {
    error = failure.what();
  }
  share_error(communicator, error);
  return settings;
}

std::string quoted(std::string_view name) { return "tensor \"" + std::string(name) + "\""; }

// What is wrong with the memory given for a tensor, or nothing.
std::string mismatch(const Tensor& tensor, const GradientMemory& memory) {
  if (space_of(memory) != tensor.space) {
    return tensor.space == Space::device ? " lies on a device, not in host memory"
                                         : " lies in host memory, not on a device";
  }
  if (type_of(memory) != tensor.type) {
    return " is " + std::string(name_of(tensor.type)) + ", not " +
           std::string(name_of(type_of(memory)));
  }
  if (size_of(memory) == tensor.elements) return {};
  return " has " + std::to_string(tensor.elements) + " elements (" + tensor.shape.text() +
         "), not " + std::to_string(size_of(memory));
}

}  // namespace

Reducer::Impl::Impl(Communicator& communicator, ReducerOptions options)
    : communicator_(communicator), settings_(resolve_together(communicator, std::move(options))) {}

void Reducer::Impl::add(std::string_view name, const Shape& shape, ElementType type, Space space) {
  if (started_) return fail("add: " + quoted(name) + " comes after the first step");
  if (name.empty()) return refuse("add: a tensor needs a name");
  if (!index_.emplace(name, tensors_.size()).second) {
    return refuse("add: " + quoted(name) + " is already registered");
  }
  if (space == Space::device && type == ElementType::float64) {
    return refuse("add: " + quoted(name) +
                  " is float64; on a device tensors are float32, float16 or bfloat16");
  }
  tensors_.push_back({std::string(name), shape, type, shape.elements(), 0, space});
  given_.emplace_back();
  first_positions_.push_back(0);
}

// A mistake in the registration, which stays wrong.
void Reducer::Impl::refuse(const std::string& what) {
  if (refusal_.empty()) refusal_ = what;
}

void Reducer::Impl::fail(const std::string& what) {
  const std::lock_guard lock(faults_mutex_);
  faults_.push_back({Fault::Kind::usage, what});
}

bool Reducer::Impl::has_device_tensors() const {
  return std::ranges::find(tensors_, Space::device, &Tensor::space) != tensors_.end();
}

// Memory that one rank does not have must not leave the others waiting. Collective where tensors
// lie on devices.
void Reducer::Impl::share_errors_of(const std::function<void()>& work) {
  if (!has_device_tensors()) return work();
  std::string error;
  try {
    work();
  } catch (const Error& failure) {
    error = failure.what();
  }
  share_error(communicator_, error);
}

// Once, before the first collective call: from here on all ranks are known to agree.
void Reducer::Impl::start() {
  if (started_) return;
  const std::string mistake = refusal_.empty() ? "" : "refused: " + refusal_ + "\n";
  config_ = compare_texts(communicator_, "the ranks registered different things",
                          mistake + registration_text(tensors_, settings_));
  if (!refusal_.empty()) throw UsageError(refusal_);
  auto plan = plan_units(tensors_, settings_);
  share_errors_of([&] { check_devices(plan, settings_); });
  check_units(plan, settings_.options.divisor, Owners::keep_rules);
  form_nodes(plan);
  check_ranks(plan, nodes_ ? nodes_->peers().size() : communicator_.size(), Owners::keep_rules);
  statistics_.units.resize(plan.size());
  unit_seconds_.assign(plan.size(), 0);
  // From back to front, as backward gives them, until the first step shows it.
  positions_.clear();
  for (std::size_t t = tensors_.size(); t-- > 0;) {
    positions_.push_back(static_cast<std::uint32_t>(t));
  }
  plan_ = std::move(plan);
  share_errors_of([&] {
    make_engine(floats_);
    make_engine(doubles_);
  });
  changes_.insert({0, settings_.options.start_step});
  for (const UnitPlan& unit : plan_) {
    for (const ScheduledPipeline& entry : unit.treatment.compressor) changes_.insert(entry.from);
  }
  if (communicator_.rank() == 0) {
    for (const std::string& line : advice(plan_, settings_)) log(LogLevel::warn, "EF", line);
  }
  health_.emplace(communicator_.rank(), parts_ ? parts_->units : plan_,
                  settings_.options.statistics_every);
  if (settings_.treatment.fallback) fallback_.emplace(communicator_, plan_);
  make_adaptive();
  measure();
  decide();
  if (nodes_) nodes_->count_wire_bytes(communicator_);  // not to be counted in a step
  plan_is_new_ = true;
  started_ = true;
}

void Reducer::Impl::broadcast(std::string_view name, std::span<std::byte> values,
                              ElementType type) {
  expect_no_step("broadcast");
  start();
  compare_texts(communicator_, "broadcast: the ranks give different things",
                quoted(name) + " " + std::string(name_of(type)) + ", " +
                    std::to_string(values.size()) + " bytes\n");
  // From here on an error of one rank is one of all.
  const auto found = index_.find(name);
  if (found == index_.end()) throw UsageError("broadcast: " + quoted(name) + " is not registered");
  const Tensor& tensor = tensors_[found->second];
  if (values.size() != tensor.elements * size_of(type)) {
    throw UsageError("broadcast: " + quoted(name) + " has " + std::to_string(tensor.elements) +
                     " elements, not " + std::to_string(values.size() / size_of(type)));
  }
  communicator_.broadcast(values, 0);
  try {
    compare_texts(communicator_, "", std::to_string(hash(values)) + "\n");
  } catch (const UsageError& error) {
    throw TransportError("broadcast: after it the ranks hold different values of " + quoted(name) +
                         " (digests" + error.what() + ")");
  }
}

// Mistakes are kept until wait(), where all ranks learn of them together.
void Reducer::Impl::give(std::string_view name, Given::How how, GradientMemory memory) {
  const auto refused = [&](const std::string& why) {
    fail((how == Given::How::pushed ? "push: " : "skip: ") + quoted(name) + why);
  };
  const auto found = index_.find(name);
  if (found == index_.end()) return refused(" is not registered");
  Given& given = given_[found->second];
  if (given.how != Given::How::nothing) return refused(" was already given in this step");
  const std::string wrong = mismatch(tensors_[found->second], memory);
  if (!wrong.empty()) refused(wrong);
  if (auto* device = std::get_if<DeviceMemory>(&memory); device && wrong.empty()) {
    const std::string problem = mark(*device);
    if (!problem.empty()) refused(": " + problem);
  }
  given = {how, memory};
  if (!order_is_known_) first_positions_[found->second] = given_count_++;
  if (overlapped_) count_given(found->second);  // behind its mistake
}

// Notes where the stream is. Returns what is wrong with the memory, or nothing.
std::string Reducer::Impl::mark(DeviceMemory& memory) const {
  if (!settings_.options.device) return "the option `device` is not given";
  try {
    memory.mark = settings_.options.device->mark(memory);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

void Reducer::Impl::broadcast(std::string_view name, DeviceSpan<float> values,
                              DeviceStream stream) {
  expect_no_step("broadcast");
  start();
  const auto what = "broadcast: " + quoted(name);
  if (!has_device_tensors()) throw UsageError(what + " is given on a device, where no tensor lies");
  std::vector<float> copy(values.size());
  share_errors_of([&] { settings_.options.device->read(what, values, copy, stream); });
  broadcast(name, std::as_writable_bytes(std::span(copy)), ElementType::float32);
  share_errors_of([&] { settings_.options.device->write(what, copy, values, stream); });
}

std::vector<DeviceStateView> Reducer::Impl::device_states() {
  expect_no_step("device_states");
  start();
  prepare();
  return floats_->device_states();
}

template <Element T>
std::vector<StateView<T>> Reducer::Impl::states() {
  expect_no_step("states");
  start();
  prepare();  // also those that owners are going to have
  if constexpr (std::same_as<T, float>) {
    return floats_->states(parts_ ? parts_->tensors : tensors_);
  } else {
    return doubles_->states(parts_ ? parts_->tensors : tensors_);
  }
}

template std::vector<StateView<float>> Reducer::Impl::states();
template std::vector<StateView<double>> Reducer::Impl::states();

}  // namespace pith
