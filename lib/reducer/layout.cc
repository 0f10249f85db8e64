// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include <pith/compressors/registry.h>
#include <pith/core/error.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/adaptive_spec.h>
#include <pith/reducer/layout.h>
#include <pith/reducer/ways.h>

namespace pith {
namespace {

const Treatment& treatment_of(const TensorRule* rule, const Settings& settings) {
  if (!rule) return settings.treatment;
  return settings.rules[static_cast<std::size_t>(rule - settings.options.rules.data())];
}

bool is_none(const Pipeline& pipeline) { return pipeline.front().name == "none"; }

// A linear compressor whose factors are no smaller than the tensor would only cost time.
bool inflates(const Pipeline& pipeline, const Treatment& treatment, const Shape& shape) {
  const bool factors = choices(pipeline, treatment).back().exchange == Exchange::linear;
  if (!factors || !shape.is_matrix()) return false;
  const auto linear = make_linear<float>(pipeline, shape);
  std::size_t elements = 0;
  for (int round = 0; round < linear->rounds(); ++round) elements += linear->factor_elements(round);
  return elements >= shape.elements();
}

bool never_compresses(const Schedule& schedule) {
  return std::ranges::all_of(schedule, is_none, &ScheduledPipeline::pipeline);
}

// Entries of the schedule that would not make the unit smaller become none; of those that list
// several compressors, the others stay, but for adaptive(...), whose standard decides.
void leave_out_inflating(UnitPlan& unit) {
  const auto larger = [&](const Pipeline& pipeline) {
    return inflates(pipeline, unit.treatment, unit.shape);
  };
  for (ScheduledPipeline& entry : unit.treatment.compressor) {
    const auto all = listed(entry.pipeline);
    if (std::ranges::none_of(all, larger)) continue;
    const bool standard = is_adaptive(entry.pipeline) && larger(all.front());
    if (standard || std::ranges::all_of(all, larger)) {
      entry.pipeline = {Spec{"none", {}}};
    } else {
      std::erase_if(entry.pipeline.front().arguments,
                    [&](const Argument& one) { return one.key.empty() && larger({one.value}); });
    }
    if (never_compresses(unit.treatment.compressor)) {
      unit.why_dense = "its factors would not be smaller";
    }
  }
}

// Why a tensor that no rule gives a compressor of its own stays dense.
std::string why_dense(const Tensor& tensor, const Settings& settings) {
  if (tensor.shape.dimensions() <= 1) return "it has one dimension";
  if (tensor.elements * size_of(tensor.type) < settings.options.min_bytes) {
    return "it is smaller than min_bytes (" + std::to_string(settings.options.min_bytes) + ")";
  }
  return {};
}

// What never is compressed needs a rule only where the rule's estimate is not the plain mean.
void leave_out_rule(UnitPlan& unit) {
  if (!unit.why_dense.empty() && feedback_rule(unit.treatment.feedback.name).exact_is_mean) {
    unit.treatment.feedback = Spec{"none", {}};
  }
}

UnitPlan unit_of(std::size_t index, const Tensor& tensor, const Settings& settings) {
  const TensorRule* rule =
      settings.rule_for(tensor.name, tensor.elements, tensor.shape.dimensions());
  UnitPlan unit{.name = tensor.name,
                .tensors = {index},
                .type = computed_type(tensor.type),
                .shape = tensor.shape,
                .elements = tensor.elements,
                .treatment = treatment_of(rule, settings),
                .why_dense = {},
                .space = tensor.space};
  const bool asked_for = rule && !rule->compressor.empty();
  const bool alone = settings.options.unit == CompressedUnit::tensor;
  if (never_compresses(unit.treatment.compressor)) {
    unit.why_dense = "the compressor is none";
  } else if (alone && !asked_for) {
    unit.why_dense = why_dense(tensor, settings);
    if (unit.why_dense.empty()) leave_out_inflating(unit);
  }
  return unit;
}

// Units of several tensors hold what the reducer's own treatment applies to; tensors with a rule
// stay by themselves.
bool joins(const UnitPlan& unit, const std::vector<Tensor>& tensors, const Settings& settings) {
  const Tensor& tensor = tensors[unit.tensors.front()];
  return unit.why_dense.empty() && unit.space == Space::host &&
         !settings.rule_for(tensor.name, tensor.elements, tensor.shape.dimensions());
}

// Calls body(choice, what it promises) for every way of the unit's schedule, and for its fallback.
template <class Body>
void for_each_choice(const UnitPlan& unit, Owners owners, const Body& body) {
  if (!unit.why_dense.empty()) return;
  for (const ScheduledPipeline& entry : unit.treatment.compressor) {
    for (const Choice& choice : ways_of(unit, entry.pipeline, owners)) {
      body(choice, guarantee_for(choice, unit));
    }
  }
  if (!unit.treatment.fallback) return;
  const Choice fallback = choose(*unit.treatment.fallback, unit.treatment);
  body(fallback, guarantee_for(fallback, unit));
}

void check_divisor(const UnitPlan& unit, Divisor divisor) {
  const FeedbackEntry& rule = feedback_rule(unit.treatment.feedback.name);
  if (divisor == Divisor::ranks || !rule.differences) return;
  throw UsageError(unit.name + " cannot be divided by the participants: the mean of " +
                   std::string(rule.name) + " is over all ranks");
}

// Joins tensors to units; one that stays alone keeps its name and shape.
class Joiner {
 public:
  explicit Joiner(const Settings& settings) : settings_(settings) {}

  void add(UnitPlan unit) {
    const bool model = settings_.options.unit == CompressedUnit::model;
    UnitPlan* open = open_.contains(unit.type) ? &units_[open_.at(unit.type)] : nullptr;
    const std::size_t limit = settings_.options.bucket_bytes / size_of(unit.type);
    if (!open || (!model && open->elements + unit.elements > limit)) {
      open_[unit.type] = units_.size();
      units_.push_back(std::move(unit));
      return;
    }
    open->name = model ? "model" : "bucket " + std::to_string(open_[unit.type]);
    if (unit.type == ElementType::float64) open->name += " (float64)";
    open->tensors.push_back(unit.tensors.front());
    open->elements += unit.elements;
    open->shape = Shape::flat(open->elements);
  }

  std::vector<UnitPlan> take() { return std::move(units_); }

 private:
  const Settings& settings_;
  std::vector<UnitPlan> units_;
  std::map<ElementType, std::size_t> open_;
};

}  // namespace

ElementType computed_type(ElementType type) {
  return type == ElementType::float64 ? ElementType::float64 : ElementType::float32;
}

std::vector<UnitPlan> plan_units(const std::vector<Tensor>& tensors, const Settings& settings) {
  std::vector<UnitPlan> alone;
  Joiner joiner(settings);
  for (std::size_t i = tensors.size(); i-- > 0;) {
    UnitPlan unit = unit_of(i, tensors[i], settings);
    const bool join = settings.options.unit != CompressedUnit::tensor;
    if (join && joins(unit, tensors, settings)) {
      joiner.add(std::move(unit));
    } else {
      alone.push_back(std::move(unit));
    }
  }
  std::vector<UnitPlan> units = joiner.take();
  std::ranges::move(alone, std::back_inserter(units));
  for (UnitPlan& unit : units) leave_out_rule(unit);
  return units;
}

void leave_dense(std::vector<UnitPlan>& units, const std::string& why) {
  for (UnitPlan& unit : units) {
    if (unit.why_dense.empty()) unit.why_dense = why;
    leave_out_rule(unit);
  }
}

void check_units(const std::vector<UnitPlan>& units, Divisor divisor, Owners owners) {
  for (const UnitPlan& unit : units) {
    check_divisor(unit, divisor);
    for_each_choice(unit, owners, [&](const Choice& choice, const Guarantee& guarantee) {
      check_noise(unit, choice, guarantee, owners);
    });
  }
}

void check_ranks(const std::vector<UnitPlan>& units, int ranks, Owners owners) {
  for (const UnitPlan& unit : units) {
    for_each_choice(unit, owners, [&](const Choice& choice, const Guarantee& guarantee) {
      const std::size_t expected = guarantee.ranks;
      if (expected == 0 || expected == static_cast<std::size_t>(ranks)) return;
      throw UsageError(unit.name + ": " + choice.text() + " is for " + std::to_string(expected) +
                       " ranks, not " + std::to_string(ranks));
    });
  }
}

std::vector<Choice> choices_at(const UnitPlan& unit, const Settings& settings, std::uint64_t step) {
  if (!unit.why_dense.empty() || step < settings.options.start_step) return {Choice{}};
  const Schedule& schedule = unit.treatment.compressor;
  const Pipeline& pipeline = schedule[entry_at(schedule, step)].pipeline;
  // Ways over other exchanges than raw would carry nothing but what is not compressed.
  return is_none(pipeline) ? std::vector{Choice{}} : ways_of(unit, pipeline, Owners::keep_rules);
}

std::vector<std::size_t> order_by_last_tensor(const std::vector<UnitPlan>& units,
                                              const std::vector<std::uint32_t>& positions) {
  std::vector<std::size_t> order(units.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t u) {
    std::uint32_t last = 0;
    for (const std::size_t t : units[u].tensors) last = std::max(last, positions[t]);
    return last;
  });
  return order;
}

std::vector<BucketPlan> plan_buckets(const std::vector<UnitPlan>& units,
                                     const std::vector<Choice>& choices,
                                     const std::vector<std::size_t>& groups,
                                     std::size_t bucket_bytes,
                                     const std::vector<std::size_t>& order) {
  struct Open {
    std::size_t bucket;
    std::size_t bytes;
  };
  std::vector<BucketPlan> buckets;
  std::map<std::tuple<ElementType, CompressorKind, Exchange, std::size_t>, Open> open;
  for (const std::size_t u : order) {
    const std::size_t group = groups.empty() ? 0 : groups[u];
    const std::tuple key{units[u].type, choices[u].kind, choices[u].exchange, group};
    const std::size_t bytes = units[u].elements * size_of(units[u].type);
    const auto found = open.find(key);
    if (found != open.end() && found->second.bytes + bytes <= bucket_bytes) {
      buckets[found->second.bucket].units.push_back(u);
      found->second.bytes += bytes;
      continue;
    }
    open[key] = {buckets.size(), bytes};
    buckets.push_back({choices[u].exchange, choices[u].kind, units[u].type, {u}});
  }
  // A bucket can go when its last unit is there.
  std::ranges::sort(buckets, {}, [&](const BucketPlan& bucket) {
    return std::ranges::find(order, bucket.units.back()) - order.begin();
  });
  return buckets;
}

}  // namespace pith
