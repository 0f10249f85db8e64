// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/reducer/adaptive.h>

namespace pith {
namespace {

const Pipeline& pipeline_at(const UnitPlan& unit, std::uint64_t step) {
  const Schedule& schedule = unit.treatment.compressor;
  return schedule[entry_at(schedule, step)].pipeline;
}

// The spec without its candidates: units that agree in it share a budget.
std::string key_of(const Pipeline& pipeline) {
  Spec named = pipeline.front();
  std::erase_if(named.arguments, [](const Argument& argument) { return argument.key.empty(); });
  return named.text();
}

// One budget, what is left of it, and which units it is for.
struct Planned {
  AdaptiveSpec spec;
  std::string what;
  std::vector<std::size_t> units;
};

}  // namespace

Adaptive::Adaptive(Communicator& all, Communicator& peers, const std::vector<UnitPlan>& plan,
                   const std::vector<UnitPlan>& parts, const Settings& settings)
    : communicator_(all), peers_(peers), plan_(plan), parts_(parts), settings_(settings) {}

bool Adaptive::is_open(const UnitPlan& unit, const Settings& settings, std::uint64_t step) {
  return unit.why_dense.empty() && step >= settings.options.start_step &&
         is_adaptive(pipeline_at(unit, step));
}

void Adaptive::form(const std::vector<std::vector<Choice>>& ways, std::uint64_t step) {
  std::map<std::string, Planned> planned;
  for (std::size_t u = 0; u < plan_.size(); ++u) {
    if (!is_open(plan_[u], settings_, step)) continue;
    const Pipeline& pipeline = pipeline_at(plan_[u], step);
    const auto [place, added] = planned.try_emplace(key_of(pipeline));
    if (added) place->second.spec = read_adaptive(pipeline);
    place->second.what += plan_[u].name + ": " + text_of(pipeline) + "\n";
    place->second.units.push_back(u);
  }
  std::erase_if(groups_, [&](const auto& group) {
    const auto found = planned.find(group.first);
    return found == planned.end() || found->second.what != group.second.what;
  });
  for (auto& [key, plan] : planned) {
    if (groups_.contains(key)) continue;
    std::vector<std::unique_ptr<AdaptiveLayer>> layers;
    for (const std::size_t u : plan.units) layers.push_back(make_layer(u, plan.spec, ways[u]));
    groups_.try_emplace(
        key, Formed{plan.what, AdaptiveGroup(communicator_, plan.spec, step, std::move(layers))});
  }
}

std::unique_ptr<AdaptiveLayer> Adaptive::make_layer(std::size_t unit, const AdaptiveSpec& spec,
                                                    const std::vector<Choice>& ways) {
  auto layer =
      std::make_unique<AdaptiveLayer>(unit, parts_[unit], ways, Sampling{.one_in = spec.one_in});
  if (spec.objective == CostUnit::nanoseconds) predict(*layer);
  return layer;
}

void Adaptive::predict(AdaptiveLayer& layer) {
  if (!model_) {
    std::size_t largest = 0;
    for (const UnitPlan& part : parts_) {
      largest = std::max(largest, part.elements * size_of(part.type));
    }
    model_.emplace(peers_, largest);
  }
  for (const Choice& way : layer.ways) {
    layer.predicted_seconds.push_back(model_->seconds(way, parts_, {layer.unit}));
  }
}

bool Adaptive::due_at(std::uint64_t step) const {
  return std::ranges::any_of(groups_,
                             [&](const auto& one) { return one.second.group.due_at(step); });
}

void Adaptive::decide(std::uint64_t step) {
  if (!due_at(step)) return;
  const double bandwidth =
      exchange_seconds_ > 0 ? static_cast<double>(wire_bytes_) / exchange_seconds_ : 0;
  for (auto& [key, formed] : groups_) {
    if (formed.group.due_at(step)) formed.group.choose(step, peers_.size(), bandwidth);
  }
  wire_bytes_ = 0;
  exchange_seconds_ = 0;
}

void Adaptive::narrow(std::vector<std::vector<Choice>>& ways) const {
  for (const auto& [key, formed] : groups_) {
    for (const auto& layer : formed.group.layers()) {
      ways[layer->unit] = {layer->ways[layer->chosen]};
    }
  }
}

template <Element T>
std::vector<Observer<T>*> Adaptive::observers(std::uint64_t step) const {
  std::vector<Observer<T>*> all(plan_.size());
  for (const auto& [key, formed] : groups_) {
    if (!formed.group.measures_at(step)) continue;
    for (const auto& layer : formed.group.layers()) {
      all[layer->unit] = std::get_if<UnitCurve<T>>(&layer->curve);
    }
  }
  return all;
}

template std::vector<Observer<float>*> Adaptive::observers(std::uint64_t) const;
template std::vector<Observer<double>*> Adaptive::observers(std::uint64_t) const;

void Adaptive::learn(std::uint64_t wire_bytes, double exchange_seconds) {
  wire_bytes_ += wire_bytes;
  exchange_seconds_ += exchange_seconds;
}

std::vector<AdaptiveStatistics> Adaptive::statistics() const {
  std::vector<AdaptiveStatistics> all;
  for (const auto& [key, formed] : groups_) all.push_back(formed.group.statistics());
  return all;
}

}  // namespace pith
