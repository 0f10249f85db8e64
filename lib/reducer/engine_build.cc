// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/registry.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/engine.h>

// What a unit needs to travel as it was chosen to.
namespace pith {
namespace {

// As guarantee_for(), of what is built; but for noise over sparse, which no rule that looks bears.
template <Element T>
Guarantee guarantee_of(const LiveUnit<T>& unit) {
  const Carrier<T>& carrier = unit.carriers.front();
  if (unit.choice.kind == CompressorKind::sparse) return {};
  if (carrier.message) return carrier.message->guarantee(unit.plan->elements);
  return carrier.linear ? carrier.linear->guarantee() : kNothingLost;
}

}  // namespace

// Rules outlive compressors: a residual survives every change of the schedule.
template <Element T>
void Engine<T>::build(LiveUnit<T>& unit, const Choice& choice) {
  if (unit.choice != choice) unit.drained = false;
  unit.choice = choice;
  unit.built = false;
  unit.owned_first = block_start(unit.plan->elements, ranks_, rank_);
  for (Carrier<T>& carrier : unit.carriers) build(unit, carrier);
  if (unit.device) unit.device->build(choice, unit.plan->shape, ranks_);
  unit.feedback->carried_by(guarantee_of(unit));
  unit.built = true;
}

template <Element T>
void Engine<T>::build(const LiveUnit<T>& unit, Carrier<T>& carrier) {
  const Shape& shape = unit.plan->shape;
  const Choice& choice = unit.choice;
  const auto before = std::move(carrier.linear);
  carrier.message.reset();
  carrier.owner_message.reset();
  carrier.owner_dense.reset();
  if (choice.kind == CompressorKind::sparse) return build_sparse(unit, carrier);
  if (choice.kind == CompressorKind::message) {
    carrier.message = make_message<T>(choice.pipeline, shape);
  } else if (choice.kind == CompressorKind::linear) {
    carrier.linear = make_linear<T>(choice.pipeline, shape);
    if (before) carrier.linear->start_from(*before);
  }
  const bool on_devices = unit.device && unit.device->goes_between_devices();
  if (choice.exchange == Exchange::sharded && !on_devices) build_owner(unit, carrier);
}

template <Element T>
void Engine<T>::build_sparse(const LiveUnit<T>& unit, Carrier<T>& carrier) {
  auto message = make_sparse_message<T>(unit.choice.pipeline, unit.plan->shape);
  carrier.owner_message = message->with_exact_values();
  carrier.owner_dense = make_message<T>({Spec{std::string(kFilledSegment), {}}}, unit.plan->shape);
  carrier.message = std::move(message);
}

template <Element T>
void Engine<T>::build_owner(const LiveUnit<T>& unit, Carrier<T>& carrier) {
  const UnitPlan& plan = *unit.plan;
  const std::size_t count = block_start(plan.elements, ranks_, rank_ + 1) - unit.owned_first;
  carrier.owner_message = make_message<T>(unit.choice.pipeline, Shape::flat(count));
  if (carrier.owner_feedback) return;
  carrier.owner_feedback =
      make_feedback<T>(owner_rule(plan.treatment.feedback), count, settings_.options.commit);
}

#define PITH_INSTANTIATE(T)                                               \
  template void Engine<T>::build(LiveUnit<T>&, const Choice&);            \
  template void Engine<T>::build(const LiveUnit<T>&, Carrier<T>&);        \
  template void Engine<T>::build_sparse(const LiveUnit<T>&, Carrier<T>&); \
  template void Engine<T>::build_owner(const LiveUnit<T>&, Carrier<T>&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
