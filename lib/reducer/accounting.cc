// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <pith/core/vector.h>
#include <pith/reducer/impl.h>

namespace pith {
namespace {

double ratio_of(std::uint64_t whole, std::uint64_t part) {
  return part == 0 ? 1 : static_cast<double>(whole) / static_cast<double>(part);
}

// Of what the rule keeps unsent; of rules that keep no such thing, of what the message left.
template <Element T>
double residual_norm(const LiveUnit<T>& live, const UnitCost& cost, double loss_scale) {
  for (const StateView<T>& state : live.rule().states()) {
    if (state.unsent) return std::sqrt(squared_norm<T>(state.values)) / loss_scale;
  }
  return cost.residual_norm;
}

std::string unit_feedback(const UnitPlan& plan) { return plan.treatment.feedback.text(); }

}  // namespace

template <Element T>
void Reducer::Impl::count_units(const Engine<T>& engine) {
  const auto units = engine.last_units();
  for (std::size_t i = 0; i < units.size(); ++i) {
    const UnitCost& cost = units[i].cost;
    UnitStatistics& sum = statistics_.units[engine.live()[engine.order()[i]].index];
    ++sum.steps;
    sum.message_bytes += cost.message_bytes;
    sum.encode_seconds += cost.encode_seconds;
    sum.exchange_seconds += cost.exchange_seconds;
    exchange_seconds_ += cost.exchange_seconds - cost.node_seconds;
    sum.decode_seconds += cost.decode_seconds;
    const double seconds = cost.encode_seconds + cost.exchange_seconds + cost.decode_seconds;
    unit_seconds_[engine.live()[engine.order()[i]].index] =
        units[i].present ? seconds - cost.node_seconds : -1;  // no choice changes what a node takes
    statistics_.message_bytes += cost.message_bytes;
    if (cost.relative_error < 0) continue;
    const LiveUnit<T>& live = engine.live()[engine.order()[i]];
    UnitCost measured = cost;
    measured.residual_norm = residual_norm(live, cost, loss_scale_);
    learn_health(live.index, measured);
  }
}

void Reducer::Impl::learn_health(std::size_t unit, const UnitCost& cost) {
  UnitStatistics& last = statistics_.units[unit];
  last.relative_error = cost.relative_error;
  last.contraction = 1 - cost.relative_error * cost.relative_error;
  last.gradient_norm = cost.gradient_norm;
  last.residual_norm = cost.residual_norm;
  health_->learn(step_ - 1, unit, choices_[unit], cost);
}

void Reducer::Impl::count_step() {
  ++statistics_.steps;
  exchange_seconds_ = 0;
  if (round_->measure_error) health_->begin();
  count_units(*floats_);
  count_units(*doubles_);
  if (automatic_) automatic_->learn(unit_seconds_);
  for (const Tensor& tensor : tensors_) {
    statistics_.dense_bytes += tensor.elements * size_of(tensor.type);
  }
  statistics_.message_bytes += agreement_bytes_;
}

Statistics Reducer::Impl::statistics() const {
  Statistics all = statistics_;
  if (automatic_) all.automatic = automatic_->statistics();
  if (adaptive_) all.adaptive = adaptive_->statistics();
  if (health_) all.warnings = health_->warnings();
  if (fallback_) all.fallbacks = fallback_->statistics();
  const auto ranks = static_cast<std::uint64_t>(communicator_.size());
  all.nodes = nodes_ ? nodes_->count() : 0;
  all.ratio = ratio_of(all.dense_bytes, all.message_bytes);
  all.wire_ratio = ratio_of(2 * (ranks - 1) * all.dense_bytes / ranks, all.wire_bytes);
  for (const Tensor& tensor : tensors_) all.parameters += tensor.elements;
  for (std::size_t u = 0; u < plan_.size(); ++u) {
    const UnitPlan& plan = plan_[u];
    UnitStatistics& unit = all.units[u];
    unit.name = plan.name;
    for (const std::size_t t : plan.tensors) {
      unit.tensors.push_back(tensors_[t].name);
      unit.dense_bytes += tensors_[t].elements * size_of(tensors_[t].type);
    }
    unit.elements = plan.elements;
    unit.feedback = unit_feedback(plan);
    unit.why_dense = plan.why_dense;
    unit.ratio = ratio_of(unit.dense_bytes * unit.steps, unit.message_bytes);
    if (choices_.empty()) continue;
    unit.compressor = text_of(choices_[u].pipeline);
    unit.exchange = name_of(choices_[u].exchange);
  }
  return all;
}

}  // namespace pith
