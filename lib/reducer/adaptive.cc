// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/adaptive/registry.h>
#include <pith/reducer/adaptive.h>
#include <pith/reducer/agreement.h>

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

}  // namespace

Adaptive::Adaptive(Communicator& all, Communicator& peers, const std::vector<UnitPlan>& plan,
                   const std::vector<UnitPlan>& parts, const Settings& settings)
    : communicator_(all), peers_(peers), plan_(plan), parts_(parts), settings_(settings) {}

bool Adaptive::is_open(const UnitPlan& unit, const Settings& settings, std::uint64_t step) {
  return unit.why_dense.empty() && step >= settings.options.start_step &&
         is_adaptive(pipeline_at(unit, step));
}

std::map<std::string, Adaptive::Planned> Adaptive::planned_at(std::uint64_t step) const {
  std::map<std::string, Planned> planned;
  for (std::size_t u = 0; u < plan_.size(); ++u) {
    if (!is_open(plan_[u], settings_, step)) continue;
    const Pipeline& pipeline = pipeline_at(plan_[u], step);
    const auto [place, added] = planned.try_emplace(key_of(pipeline));
    if (added) place->second.spec = read_adaptive(pipeline);
    place->second.what += plan_[u].name + ": " + text_of(pipeline) + "\n";
    place->second.units.push_back(u);
  }
  return planned;
}

void Adaptive::check(const std::set<std::uint64_t>& steps) {
  together([&] {
    if (communicator_.rank() != 0) return;
    for (const std::uint64_t step : steps) {
      for (const auto& [key, planned] : planned_at(step)) {
        std::vector<std::string> names;
        for (const std::size_t u : planned.units) names.push_back(plan_[u].name);
        make_policy(planned.spec.policy, names);
      }
    }
  });
}

void Adaptive::end_others(const std::map<std::string, Planned>& planned) {
  std::erase_if(groups_, [&](const auto& group) {
    const auto found = planned.find(group.first);
    const bool ends = found == planned.end() || found->second.what != group.second.what;
    if (ends) ended_.push_back(group.second.group.statistics());
    return ends;
  });
}

void Adaptive::form(const std::vector<std::vector<Choice>>& ways, std::uint64_t step) {
  const auto planned = planned_at(step);
  end_others(planned);
  for (const auto& one : planned) {
    if (groups_.contains(one.first)) continue;
    const Planned& plan = one.second;
    if (plan.spec.objective == CostUnit::nanoseconds) measure_link();
    std::vector<std::unique_ptr<AdaptiveLayer>> layers;
    together([&] { layers = make_layers(plan, ways); });
    AdaptiveGroup group(communicator_, plan.spec, step, std::move(layers));
    groups_.try_emplace(one.first, Formed{plan.what, std::move(group)});
  }
}

// What fails on one rank fails on all.
template <class Body>
void Adaptive::together(const Body& body) {
  std::string error;
  try {
    body();
  } catch (const std::exception& failure) {
    error = std::string("adaptive: ") + failure.what();
  }
  share_error(communicator_, error);
}

std::vector<std::unique_ptr<AdaptiveLayer>> Adaptive::make_layers(
    const Planned& planned, const std::vector<std::vector<Choice>>& ways) {
  std::vector<std::unique_ptr<AdaptiveLayer>> layers;
  const double parts = static_cast<double>(communicator_.size()) / peers_.size();
  for (const std::size_t u : planned.units) {
    auto layer = std::make_unique<AdaptiveLayer>(u, plan_[u], parts_[u], parts, ways[u],
                                                 Sampling{.one_in = planned.spec.one_in});
    if (planned.spec.objective == CostUnit::nanoseconds) predict(*layer);
    layers.push_back(std::move(layer));
  }
  return layers;
}

// And lets ranks that share cores measure codecs at the same time, as they will work.
void Adaptive::measure_link() {
  if (!model_) {
    std::size_t largest = 0;
    for (const UnitPlan& part : parts_) {
      largest = std::max(largest, part.elements * size_of(part.type));
    }
    model_.emplace(peers_, largest);
  }
  communicator_.barrier();
}

void Adaptive::predict(AdaptiveLayer& layer) {
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
  std::vector<AdaptiveStatistics> all = ended_;
  for (const auto& [key, formed] : groups_) all.push_back(formed.group.statistics());
  return all;
}

}  // namespace pith
