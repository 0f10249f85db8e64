// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <pith/core/error.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/adaptive_spec.h>
#include <pith/reducer/device_plan.h>
#include <pith/reducer/device_tensor.h>

namespace pith {
namespace {

// Of the options that concern all tensors; or nothing.
std::string for_host_only(const ReducerOptions& options) {
  if (!options.device) return "needs the option `device`: device_backend()";
  if (options.clip != 0) return "cannot be clipped (clip)";
  if (options.commit == Commit::inplace) return "needs commit=step";
  if (options.node != "none") return "cannot take part in a node stage (node=" + options.node + ")";
  return {};
}

bool is_listed(const Pipeline& pipeline) {
  return is_adaptive(pipeline) || (pipeline.size() == 1 && pipeline.front().name == "auto");
}

std::string for_host_only(const Treatment& treatment) {
  if (treatment.any_exchange) return "cannot travel by exchange=auto";
  if (treatment.exchange == Exchange::sparse) return "cannot travel by the sparse exchange";
  for (const ScheduledPipeline& entry : treatment.compressor) {
    if (is_listed(entry.pipeline)) return "cannot have " + text_of(entry.pipeline);
  }
  const FeedbackEntry& rule = feedback_rule(treatment.feedback.name);
  if (rule.messages > 1) return "cannot have the rule " + std::string(rule.name);
  return {};
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
      settings.options.device->check(choose(entry.pipeline, unit.treatment), unit.shape);
    }
    if (unit.treatment.fallback) {
      settings.options.device->check(choose(*unit.treatment.fallback, unit.treatment), unit.shape);
    }
  }
}

}  // namespace pith
