// SPDX-License-Identifier: Apache-2.0
#include <concepts>

#include <pith/reducer/engine.h>
#include <pith/reducer/tensor_states.h>

namespace pith {
namespace {

// Of a unit on a device, what is in host memory.
template <Element T>
std::vector<StateView<T>> rule_states(LiveUnit<T>& unit) {
  if constexpr (std::same_as<T, float>) {
    if (unit.device) return unit.device->host_states();
  }
  return unit.feedback->states();
}

// Those of a linear compressor, and the owner's: theirs are those of its shard.
template <Element T>
void append_carrier_states(std::vector<StateView<T>>& all, Carrier<T>& carrier,
                           const std::string& prefix, const LiveUnit<T>& unit,
                           const std::vector<Tensor>& tensors) {
  if (carrier.linear && !unit.device) {
    auto states = carrier.linear->states();
    for (StateView<T>& state : states) state.name = prefix + state.name;
    append_tensor_states(all, states, 0, *unit.plan, tensors);
  }
  if (!carrier.owner_feedback) return;
  auto owned = carrier.owner_feedback->states();
  for (StateView<T>& state : owned) {
    state.name = prefix + "owner_" + state.name;
    state.scope = Scope::owner;
  }
  append_tensor_states(all, owned, unit.owned_first, *unit.plan, tensors);
}

}  // namespace

template <Element T>
std::vector<StateView<T>> Engine<T>::states(const std::vector<Tensor>& tensors) {
  std::vector<StateView<T>> all;
  for (LiveUnit<T>& unit : live_) {
    append_tensor_states(all, rule_states(unit), 0, *unit.plan, tensors);
    for (Carrier<T>& carrier : unit.carriers) {
      const bool first = &carrier == &unit.carriers.front();
      append_carrier_states(all, carrier, first ? "" : "second_", unit, tensors);
    }
  }
  return all;
}

template std::vector<StateView<float>> Engine<float>::states(const std::vector<Tensor>&);
template std::vector<StateView<double>> Engine<double>::states(const std::vector<Tensor>&);

}  // namespace pith
