// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/core/log.h>
#include <pith/reducer/advice.h>
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

}  // namespace

Reducer::Impl::Impl(Communicator& communicator, ReducerOptions options)
    : communicator_(communicator), settings_(resolve_together(communicator, std::move(options))) {}

void Reducer::Impl::add(std::string_view name, const Shape& shape, ElementType type) {
  if (started_) throw UsageError("add: " + quoted(name) + " comes after the first step");
  if (name.empty()) throw UsageError("add: a tensor needs a name");
  if (!index_.emplace(name, tensors_.size()).second) {
    throw UsageError("add: " + quoted(name) + " is already registered");
  }
  tensors_.push_back({std::string(name), shape, type, shape.elements()});
  given_.emplace_back();
}

// Once, before the first collective call: from here on all ranks are known to agree.
void Reducer::Impl::start() {
  if (started_) return;
  config_ = compare_registration(communicator_, registration_text(tensors_, settings_));
  plan_ = plan_units(tensors_, settings_);
  check_units(plan_);
  floats_.emplace(plan_, settings_, communicator_.rank(), communicator_.size());
  doubles_.emplace(plan_, settings_, communicator_.rank(), communicator_.size());
  changes_.insert({0, settings_.options.start_step});
  for (const UnitPlan& unit : plan_) {
    for (const ScheduledPipeline& entry : unit.treatment.compressor) changes_.insert(entry.from);
  }
  if (communicator_.rank() == 0) {
    for (const std::string& line : advice(plan_, settings_)) log(LogLevel::warn, "EF", line);
  }
  statistics_.units.resize(plan_.size());
  started_ = true;
}

// Compressors and buckets follow the schedule. Returns whether they changed: nothing is built in
// steps in which nothing changes.
bool Reducer::Impl::prepare() {
  if (!choices_.empty() && !changes_.contains(step_)) return false;
  std::vector<Choice> choices;
  for (const UnitPlan& unit : plan_) choices.push_back(choice_at(unit, settings_, step_));
  if (choices == choices_) return false;
  const auto buckets = plan_buckets(plan_, choices, settings_.options.bucket_bytes);
  floats_->prepare(choices, buckets);
  doubles_->prepare(choices, buckets);
  choices_ = std::move(choices);
  ++epoch_;
  log(LogLevel::info, "INIT",
      "step " + std::to_string(step_) + ": " + std::to_string(plan_.size()) + " units in " +
          std::to_string(buckets.size()) + " buckets");
  return true;
}

void Reducer::Impl::broadcast(std::string_view name, std::span<std::byte> values,
                              ElementType type) {
  start();
  const auto found = index_.find(name);
  if (found == index_.end()) throw UsageError("broadcast: " + quoted(name) + " is not registered");
  const Tensor& tensor = tensors_[found->second];
  if (values.size() != tensor.elements * size_of(type)) {
    throw UsageError("broadcast: " + quoted(name) + " has " + std::to_string(tensor.elements) +
                     " elements, not " + std::to_string(values.size() / size_of(type)));
  }
  communicator_.broadcast(values, 0);
  const std::uint64_t mine = hash(values);
  std::vector<std::uint64_t> all(static_cast<std::size_t>(communicator_.size()));
  communicator_.all_gather(std::as_bytes(std::span(&mine, 1)),
                           std::as_writable_bytes(std::span(all)));
  const auto other = std::ranges::find_if(all, [&](std::uint64_t h) { return h != all.front(); });
  if (other == all.end()) return;
  throw TransportError("broadcast: rank " + std::to_string(other - all.begin()) +
                       " holds another " + quoted(name) + " than rank 0 after the broadcast");
}

// Mistakes are kept until wait(), where all ranks learn of them together.
void Reducer::Impl::give(std::string_view name, Given::How how, GradientMemory memory) {
  const std::string call = how == Given::How::pushed ? "push: " : "skip: ";
  const auto fail = [&](const std::string& what) {
    faults_.push_back({Fault::Kind::usage, call + quoted(name) + what});
  };
  const auto found = index_.find(name);
  if (found == index_.end()) return fail(" is not registered");
  const Tensor& tensor = tensors_[found->second];
  Given& given = given_[found->second];
  if (given.how != Given::How::nothing) return fail(" was already given in this step");
  given = {how, memory};
  if (type_of(memory) != tensor.type) {
    return fail(" is " + std::string(name_of(tensor.type)) + ", not " +
                std::string(name_of(type_of(memory))));
  }
  if (pith::size_of(memory) != tensor.elements) {
    fail(" has " + std::to_string(tensor.elements) + " elements (" + tensor.shape.text() +
         "), not " + std::to_string(pith::size_of(memory)));
  }
}

template <Element T>
std::vector<StateView<T>> Reducer::Impl::states() {
  start();
  if constexpr (std::same_as<T, float>) {
    return floats_->states(tensors_);
  } else {
    return doubles_->states(tensors_);
  }
}

template std::vector<StateView<float>> Reducer::Impl::states();
template std::vector<StateView<double>> Reducer::Impl::states();

}  // namespace pith
