// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/compose.h>
#include <pith/reducer/engine.h>

// What the engine does with units on devices besides driving them through a step.
namespace pith {

template <Element T>
std::unique_ptr<DeviceTensor> Engine<T>::make_device_tensor(const UnitPlan& unit,
                                                            ElementType type) const {
  DeviceParts parts;
  if (node_) parts = node_->device_parts(unit.tensors.front());
  return settings_.options.device->make_tensor(unit.name, type, unit.elements,
                                               unit.treatment.feedback, node_ ? &parts : nullptr);
}

template <Element T>
void Engine<T>::stage_on_devices(std::size_t bucket, const std::vector<Given>& given,
                                 Round& round) {
  const Range units = buckets_[bucket].units;
  for (std::size_t i = units.begin; i < units.end; ++i) {
    LiveUnit<T>& live = live_[order_[i]];
    if (!live.device) continue;
    const Given& one = given[live.plan->tensors.front()];
    live.factor = 1;
    const bool is_pushed = one.how == Given::How::pushed;
    on_device(units_[i], round,
              [&] { live.device->stage(std::get<DeviceMemory>(one.memory), is_pushed); });
    live.pushed = round.faults.empty() && is_pushed;
  }
}

template <Element T>
void Engine<T>::sum_on_devices(std::size_t bucket) {
  const Range units = buckets_[bucket].units;
  for (std::size_t i = units.begin; i < units.end; ++i) {
    LiveUnit<T>& live = live_[order_[i]];
    if (!live.device) continue;
    between_devices(units_[i], [&] {
      node_->count_wire_bytes(live.device->sum_in_node(live.pushed, live.factor));
    });
  }
}

template <Element T>
void Engine<T>::give_up() {
  for (LiveUnit<T>& live : live_) {
    if (live.device) live.device->give_up();
  }
}

template <Element T>
void Engine<T>::fill_with_nan(const std::vector<Given>& given) {
  for (LiveUnit<T>& live : live_) {
    if (!live.device) continue;
    live.device->fill_with_nan(std::get<DeviceMemory>(given[live.plan->tensors.front()].memory));
  }
}

template <Element T>
std::vector<DeviceStateView> Engine<T>::device_states() {
  std::vector<DeviceStateView> all;
  for (LiveUnit<T>& unit : live_) {
    if (!unit.device) continue;
    for (DeviceStateView& state : unit.device->states()) {
      const Part& part = unit.parts.front();
      state.name = std::string(state.per_element ? part.name : unit.plan->name) + "/" + state.name;
      if (state.per_element) state.first += part.begin;
      all.push_back(std::move(state));
    }
  }
  return all;
}

#define PITH_INSTANTIATE(T)                                                                  \
  template std::unique_ptr<DeviceTensor> Engine<T>::make_device_tensor(const UnitPlan&,      \
                                                                       ElementType) const;   \
  template void Engine<T>::stage_on_devices(std::size_t, const std::vector<Given>&, Round&); \
  template void Engine<T>::sum_on_devices(std::size_t);                                      \
  template void Engine<T>::give_up();                                                        \
  template void Engine<T>::fill_with_nan(const std::vector<Given>&);                         \
  template std::vector<DeviceStateView> Engine<T>::device_states();
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
