// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/collectives/compose.h>
#include <pith/collectives/exchange.h>
#include <pith/collectives/raw.h>
#include <pith/collectives/stopwatch.h>
#include <pith/compressors/registry.h>
#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/core/vector.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/engine.h>

namespace pith {
namespace {

template <Element T>
bool keeps_nothing_sent(const LiveUnit<T>& live) {
  return keeps_nothing_sent(feedback_rule(live.plan->treatment.feedback.name));
}

// What compose() has not multiplied yet.
template <Element T>
void rescale(Feedback<T>& rule, bool composed, double factor) {
  for (const StateView<T>& state : rule.states()) {
    const bool done = composed && state.scope == Scope::per_rank;
    if (state.per_element && !done) scale(static_cast<T>(factor), state.values);
  }
}

// What the second message of a unit cost, to what the first one did.
void add_second(const UnitCost& second, UnitCost& cost) {
  cost.message_bytes += second.message_bytes;
  cost.encode_seconds += second.encode_seconds;
  cost.decode_seconds += second.decode_seconds;
  cost.exchange_seconds += second.exchange_seconds;
}

}  // namespace

template <Element T>
Engine<T>::Engine(const std::vector<UnitPlan>& units, const std::vector<Tensor>& tensors,
                  const Settings& settings, int rank, int ranks, std::unique_ptr<NodeStage<T>> node)
    : settings_(settings),
      rank_(static_cast<std::size_t>(rank)),
      ranks_(static_cast<std::size_t>(ranks)),
      node_(std::move(node)) {
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (units[i].type != element_type<T>) continue;
    LiveUnit<T> unit;
    unit.plan = &units[i];
    unit.index = i;
    std::size_t first = 0;
    for (const std::size_t t : units[i].tensors) {
      unit.parts.push_back({tensors[t].name, first, tensors[t].first});
      first += tensors[t].elements;
    }
    const Spec none{"none", {}};
    const Spec& rule = units[i].treatment.feedback;
    const bool on_device = units[i].space == Space::device;
    if (on_device) {
      unit.device = make_device_tensor(units[i], tensors[units[i].tensors.front()].type);
    }
    unit.feedback =
        make_feedback<T>(on_device ? none : rule, units[i].elements, settings.options.commit);
    unit.carriers.resize(static_cast<std::size_t>(unit.feedback->messages()));
    unit.none = make_feedback<T>(none, units[i].elements, settings.options.commit);
    unit.drained = rule.name == "none" && !on_device;
    live_.push_back(std::move(unit));
  }
}

template <Element T>
void Engine<T>::prepare(const std::vector<Choice>& choices,
                        const std::vector<BucketPlan>& buckets) {
  for (LiveUnit<T>& unit : live_) {
    const Choice& choice = choices[unit.index];
    if (unit.choice != choice || !unit.built) build(unit, choice);
  }
  order_units(buckets);
  if (node_) node_->prepare(buckets);
}

template <Element T>
void Engine<T>::order_units(const std::vector<BucketPlan>& buckets) {
  buckets_.clear();
  order_.clear();
  firsts_.clear();
  for (const BucketPlan& bucket : buckets) {
    if (bucket.type != element_type<T>) continue;
    const Range units{order_.size(), order_.size() + bucket.units.size()};
    buckets_.push_back({bucket.exchange, units, {firsts_.size(), firsts_.size()}});
    for (const std::size_t index : bucket.units) {
      const auto found = std::ranges::find(live_, index, &LiveUnit<T>::index);
      if (found->sends_twice()) firsts_.push_back(order_.size());
      order_.push_back(static_cast<std::size_t>(found - live_.begin()));
    }
    buckets_.back().seconds.end = firsts_.size();
  }
  units_.assign(order_.size(), {});
  seconds_.assign(firsts_.size(), {});
}

// Returns whether this rank takes part in the unit: one pushed tensor is enough, others count as 0.
template <Element T>
bool Engine<T>::stage_unit(std::size_t place, const std::vector<Given>& given, Round& round) {
  LiveUnit<T>& unit = live_[order_[place]];
  if (!round.faults.empty()) {
    unit.staged = true;
    unit.memory = round.scratch.take<T>(unit.plan->elements);
    return false;
  }
  const auto& tensors = unit.plan->tensors;
  if (unit.device) {
    const Given& one = given[tensors.front()];
    const bool is_pushed = one.how == Given::How::pushed;
    if (!node_) {
      const auto& memory = std::get<DeviceMemory>(one.memory);
      on_device(units_[place], round, [&] { unit.device->stage(memory, is_pushed); });
    }
    return is_pushed;
  }
  const auto pushed = [&](std::size_t t) { return given[t].how == Given::How::pushed; };
  const auto* direct = std::get_if<std::span<T>>(&given[tensors.front()].memory);
  unit.staged = tensors.size() > 1 || !direct;
  if (!unit.staged) {
    unit.memory = *direct;
    return pushed(tensors.front());
  }
  unit.memory = round.scratch.take<T>(unit.plan->elements);
  std::size_t offset = 0;
  for (const std::size_t t : tensors) {
    const std::size_t count = size_of(given[t].memory);
    const auto part = unit.memory.subspan(offset, count);
    if (pushed(t)) {
      load(given[t].memory, part);
    } else {
      std::ranges::fill(part, T(0));
    }
    offset += count;
  }
  return std::ranges::any_of(tensors, pushed);
}

template <Element T>
Unit<T> Engine<T>::make_unit(LiveUnit<T>& live, std::size_t message, bool may_wait,
                             std::span<T> mean) const {
  const Carrier<T>& carrier = live.carriers[message];
  DeviceUnit<T>* device = nullptr;
  if constexpr (std::same_as<T, float>) device = live.device.get();
  return {.name = live.plan->name,
          .parts = live.parts,
          .key = hash(live.plan->name),
          .codec = carrier.message ? codec_of(live.choice.pipeline) : std::uint16_t{0},
          .elements = live.plan->elements,
          .gradient = {},
          .present = false,
          .mean = mean,
          .may_wait = may_wait && message == 0,
          .feedback = &live.rule(),
          .message = carrier.message.get(),
          .linear = carrier.linear.get(),
          .owner_feedback = carrier.owner_feedback.get(),
          .owner_message = carrier.owner_message.get(),
          .owner_dense = carrier.owner_dense.get(),
          .dense_codec = carrier.owner_dense ? compressor(kFilledSegment).codec : std::uint16_t{0},
          .device = device,
          .cost = {}};
}

// The means of a bucket's units lie one after the other, and so do those of its second messages.
template <Element T>
void Engine<T>::begin(bool may_wait, Scratch& scratch) {
  std::size_t elements = 0;
  for (const LiveUnit<T>& live : live_) elements += live.plan->elements * live.carriers.size();
  const auto means = scratch.take<T>(elements);
  std::size_t offset = 0;
  const auto make = [&](std::size_t i, std::size_t message) {
    LiveUnit<T>& live = live_[order_[i]];
    const auto mean = means.subspan(offset, live.plan->elements);
    offset += mean.size();
    return make_unit(live, message, may_wait, mean);
  };
  for (std::size_t i = 0; i < units_.size(); ++i) units_[i] = make(i, 0);
  for (std::size_t i = 0; i < seconds_.size(); ++i) seconds_[i] = make(firsts_[i], 1);
  if (node_) node_->begin(scratch);
}

template <Element T>
void Engine<T>::observe_with(const std::vector<Observer<T>*>& observers) {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    units_[i].observer = observers[live_[order_[i]].index];
  }
}

template <Element T>
void Engine<T>::stage(std::size_t bucket, const std::vector<Given>& given, Round& round) {
  if (!node_) return stage_units(bucket, given, round);
  stage_on_devices(bucket, given, round);
  node_->pack(bucket, given, !round.faults.empty());
}

template <Element T>
void Engine<T>::stage_units(std::size_t bucket, const std::vector<Given>& given, Round& round) {
  const Range units = buckets_[bucket].units;
  for (std::size_t i = units.begin; i < units.end; ++i) {
    units_[i].present = stage_unit(i, given, round);
    units_[i].gradient = live_[order_[i]].memory;
  }
}

template <Element T>
template <class Work>
void Engine<T>::on_devices_there(Round& round, const Work& work) {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const LiveUnit<T>& live = live_[order_[i]];
    const bool pushed = node_ ? live.pushed : units_[i].present;
    if (live.device && pushed) on_device(units_[i], round, [&] { work(*live.device); });
  }
}

// All devices' work is under way before the first is waited for.
template <Element T>
double Engine<T>::squared_norm(Round& round) {
  on_devices_there(round, [](DeviceTensor& device) { device.begin_norm(); });
  double sum = node_ ? node_->squared_norm() : 0;
  for (std::size_t i = 0; i < units_.size() && !node_; ++i) {
    if (units_[i].present && !units_[i].device) sum += pith::squared_norm(units_[i].gradient);
  }
  on_devices_there(round, [&](DeviceTensor& device) { sum += device.squared_norm(); });
  return sum;
}

template <Element T>
void Engine<T>::scale_gradients(double factor) {
  if (!node_) {
    for (Unit<T>& unit : units_) unit.gradient_scale = factor;
    return;
  }
  node_->scale(factor);
  for (LiveUnit<T>& live : live_) live.factor = factor;
}

template <Element T>
bool Engine<T>::find_non_finite(std::vector<Fault>& faults) const {
  if (node_) return node_->find_non_finite(faults);
  for (const Unit<T>& unit : units_) {
    if (!unit.present || all_finite(unit.gradient)) continue;
    faults.push_back(non_finite_fault(unit, unit.gradient));
    return true;
  }
  return false;
}

template <Element T>
bool Engine<T>::is_plain() const {
  return !node_ && std::ranges::all_of(live_, [](const LiveUnit<T>& live) {
    return live.choice.kind == CompressorKind::none && keeps_nothing_sent(live) && !live.device;
  });
}

template <Element T>
bool Engine<T>::can_go_in_place() const {
  return std::ranges::all_of(live_, &LiveUnit<T>::drained) &&
         std::ranges::all_of(units_, &Unit<T>::present);
}

// Others stay where they can be joined.
template <Element T>
void Engine<T>::go_in_place() {
  for (const Bucket& bucket : buckets_) {
    for (std::size_t i = bucket.units.begin; i < bucket.units.end; ++i) {
      const auto memory = live_[order_[i]].memory;
      if (bucket.units.size() == 1 || is_averaged_alone<T>(memory.size())) units_[i].mean = memory;
    }
  }
}

template <Element T>
void Engine<T>::check_signatures(Round& round) const {
  for (const Bucket& bucket : buckets_) {
    check_signature(slice(std::span(units_), bucket.units), "raw", round);
  }
}

template <Element T>
void Engine<T>::exchange(std::size_t bucket, Round& round) {
  if (!node_) return exchange_messages(buckets_[bucket], round);
  sum_in_node(bucket, units_[buckets_[bucket].units.begin].cost, round);
  try {
    exchange_messages(buckets_[bucket], round);
  } catch (const UsageError& error) {  // all peers know, but not yet the other ranks of their nodes
    round.faults.push_back({Fault::Kind::usage, error.what()});
  } catch (const WireError& error) {
    round.faults.push_back({Fault::Kind::wire, error.what()});
  }
}

template <Element T>
void Engine<T>::exchange_messages(const Bucket& bucket, Round& round) {
  round.message = 0;
  pith::exchange(bucket.exchange, slice(std::span(units_), bucket.units), round);
  if (bucket.seconds.size() > 0) exchange_seconds(bucket, round);
}

// They are of the same gradients, and count among the first ones' cost.
template <Element T>
void Engine<T>::exchange_seconds(const Bucket& bucket, Round& round) {
  for (std::size_t i = bucket.seconds.begin; i < bucket.seconds.end; ++i) {
    const Unit<T>& first = units_[firsts_[i]];
    seconds_[i].gradient = first.gradient;
    seconds_[i].gradient_scale = first.gradient_scale;
    seconds_[i].present = first.present;
  }
  round.message = 1;
  pith::exchange(bucket.exchange, slice(std::span(seconds_), bucket.seconds), round);
  for (std::size_t i = bucket.seconds.begin; i < bucket.seconds.end; ++i) {
    add_second(seconds_[i].cost, units_[firsts_[i]].cost);
  }
}

template <Element T>
void Engine<T>::sum_in_node(std::size_t bucket, UnitCost& cost, Round& round) {
  const std::vector<Given>* parts = nullptr;
  {
    Stopwatch watch(cost.node_seconds);
    parts = &node_->reduce(bucket, round);
    sum_on_devices(bucket);
  }
  cost.exchange_seconds += cost.node_seconds;
  stage_units(bucket, *parts, round);
}

template <Element T>
void Engine<T>::accept(LiveUnit<T>& live, const Unit<T>& unit, double state_scale) {
  if (live.device) {
    live.device->accept(unit.present);
    if (state_scale != 1) live.device->rescale(state_scale, unit.present);
  } else if (unit.present) {
    unit.feedback->accept();
    live.drained = live.choice.kind == CompressorKind::none && keeps_nothing_sent(live);
  }
  const bool on_devices = live.device && live.device->goes_between_devices();
  const bool owned = live.choice.exchange == Exchange::sharded && !on_devices;
  for (const Carrier<T>& carrier : live.carriers) {
    if (carrier.linear) carrier.linear->accept();
    if (owned) carrier.owner_feedback->accept();
    if (carrier.owner_feedback && state_scale != 1) {
      rescale(*carrier.owner_feedback, owned, state_scale);
    }
  }
  if (state_scale != 1) rescale(*live.feedback, unit.present, state_scale);
}

template <Element T>
void Engine<T>::finish(const std::vector<Given>& given, double state_scale) {
  finish_units(node_ ? node_->parts() : given, state_scale);
  if (node_) node_->gather(given);
}

template <Element T>
void Engine<T>::finish_units(const std::vector<Given>& given, double state_scale) {
  std::size_t second = 0;
  for (std::size_t i = 0; i < units_.size(); ++i) {
    LiveUnit<T>& live = live_[order_[i]];
    const Unit<T>& unit = units_[i];
    accept(live, unit, state_scale);
    if (live.device) {
      const std::uint64_t in_node = live.device->give();
      if (node_) node_->count_wire_bytes(in_node);
      continue;
    }
    if (unit.pending) unit.pending->write(live.memory);
    unit.feedback->absorb(0, unit.pending ? live.memory : unit.mean, live.memory);
    if (live.sends_twice()) unit.feedback->absorb(1, seconds_[second++].mean, live.memory);
    if (!live.staged) continue;
    std::size_t offset = 0;
    for (const std::size_t t : live.plan->tensors) {
      const std::size_t count = size_of(given[t].memory);
      store(std::span<const T>(live.memory).subspan(offset, count), given[t].memory);
      offset += count;
    }
  }
}

template class Engine<float>;
template class Engine<double>;

}  // namespace pith
