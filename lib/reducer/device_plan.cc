// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/core/error.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/adaptive_spec.h>
#include <pith/reducer/device_plan.h>
#include <pith/reducer/device_tensor.h>
#include <pith/reducer/ways.h>

namespace pith {
namespace {

// Of the options that concern all tensors; or nothing.
std::string for_host_only(const ReducerOptions& options) {
  if (!options.device) return "needs the option `device`: device_backend()";
  if (options.commit == Commit::inplace) return "needs commit=step";
  if (options.node != "none" && options.device->goes_between_devices()) {
    return "cannot take part in a node stage (node=" + options.node + ") between all devices";
  }
  return {};
}

// Codecs are timed on the host.
bool is_timed(const Pipeline& pipeline) {
  if (is_adaptive(pipeline)) return read_adaptive(pipeline).objective != CostUnit::bytes;
  return pipeline.size() == 1 && pipeline.front().name == "auto";
}

std::string for_host_only(const Treatment& treatment) {
  if (treatment.any_exchange) return "cannot travel by exchange=auto";
  if (treatment.exchange == Exchange::sparse) return "cannot travel by the sparse exchange";
  for (const ScheduledPipeline& entry : treatment.compressor) {
    if (is_timed(entry.pipeline)) return "cannot have " + text_of(entry.pipeline);
  }
  const FeedbackEntry& rule = feedback_rule(treatment.feedback.name);
  if (rule.messages > 1) return "cannot have the rule " + std::string(rule.name);
  return {};
}

// EControl measures what a compressor keeps, where nothing is promised, by passes of its own.
void check_rule(const UnitPlan& unit, const Choice& choice) {
  const Spec& rule = unit.treatment.feedback;
  const bool given =
      std::ranges::find(rule.arguments, "eta", &Argument::key) != rule.arguments.end();
  if (rule.name != "econtrol" || given || choice.kind == CompressorKind::none) return;
  const Guarantee guarantee = guarantee_for(choice, unit);
  if (guarantee.contraction && guarantee.contraction_is_typical) return;
  throw UsageError("tensor \"" + unit.name + "\" lies on a device, so econtrol needs eta= with " +
                   choice.text());
}

}  // namespace

void check_devices(const std::vector<UnitPlan>& units, const Settings& settings) {
  for (const UnitPlan& unit : units) {
    if (unit.space == Space::host) continue;
    std::string problem = for_host_only(settings.options);
    if (problem.empty()) problem = for_host_only(unit.treatment);
    if (!problem.empty()) {
      throw UsageError("tensor \"" + unit.name + "\" lies on a device, so it " + problem);
    }
    if (!unit.why_dense.empty()) continue;
    for (const ScheduledPipeline& entry : unit.treatment.compressor) {
      for (const Choice& choice : ways_of(unit, entry.pipeline, Owners::keep_rules)) {
        settings.options.device->check(choice, unit.shape);
        check_rule(unit, choice);
      }
    }
  }
}

}  // namespace pith
