// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include <pith/compressors/registry.h>
#include <pith/core/arguments.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/adaptive_spec.h>
#include <pith/reducer/advice.h>
#include <pith/reducer/ways.h>

namespace pith {
namespace {

constexpr double kSafeEta = 1.5;         // times the contraction
constexpr double kSparseMomentum = 0.5;  // beyond it sparse error feedback overshoots

// The last compressor of a unit's schedule (the last listed one, or the standard), for a unit that
// is compressed at all.
Choice last_choice(const UnitPlan& unit) {
  const auto compresses = [](const ScheduledPipeline& entry) {
    return entry.pipeline.front().name != "none";
  };
  const Schedule& schedule = unit.treatment.compressor;
  const auto& last = std::find_if(schedule.rbegin(), schedule.rend(), compresses)->pipeline;
  const auto all = choices(last, unit.treatment);
  return is_adaptive(last) ? all.front() : all.back();
}

// The contraction that it gives, if that is typical.
std::optional<double> contraction_of(const UnitPlan& unit) {
  const Guarantee guarantee = guarantee_for(last_choice(unit), unit);
  return guarantee.contraction_is_typical ? guarantee.contraction : std::nullopt;
}

bool is_sparse(const UnitPlan& unit) {
  const Choice choice = last_choice(unit);
  return choice.kind != CompressorKind::none && compressor(choice.pipeline.front().name).sparse;
}

std::string about_noise(const UnitPlan& unit) {
  const std::string& rule = unit.treatment.feedback.name;
  if (rule != "ef21" && rule != "ef21_hb") return {};
  return "feedback " + rule +
         " stalls under gradient noise: use ef21_sgdm or ef14 for stochastic gradients";
}

std::string about_two_momenta(const UnitPlan& unit, const Settings& settings) {
  const FeedbackEntry& rule = feedback_rule(unit.treatment.feedback.name);
  if (!rule.momentum || settings.options.optimizer_momentum == 0) return {};
  return "feedback " + std::string(rule.name) +
         " already applies momentum: give the optimizer none (it has " +
         std::to_string(settings.options.optimizer_momentum) + ")";
}

std::string about_eta(const UnitPlan& unit) {
  const Spec& rule = unit.treatment.feedback;
  if (rule.name != "econtrol" || !unit.why_dense.empty()) return {};
  const auto eta = Arguments(rule).optional_number("eta", 0, 1);
  const auto contraction = contraction_of(unit);
  if (!eta || !contraction || *eta <= kSafeEta * *contraction) return {};
  return unit.name + ": econtrol with eta=" + std::to_string(*eta) +
         " diverges easily: more than 1.5 times the compressor's contraction of " +
         std::to_string(*contraction);
}

std::string about_momentum(const UnitPlan& unit, const Settings& settings) {
  if (unit.treatment.feedback.name != "ef14" || !unit.why_dense.empty() || !is_sparse(unit) ||
      settings.options.optimizer_momentum <= kSparseMomentum) {
    return {};
  }
  return "momentum above 0.5 after sparse error feedback overshoots: use less, and a larger rate";
}

}  // namespace

std::vector<std::string> advice(const std::vector<UnitPlan>& units, const Settings& settings) {
  std::vector<std::string> lines;
  const auto say = [&](std::string line) {
    if (!line.empty() && std::ranges::find(lines, line) == lines.end()) {
      lines.push_back(std::move(line));
    }
  };
  for (const UnitPlan& unit : units) {
    say(about_noise(unit));
    say(about_two_momenta(unit, settings));
    say(about_eta(unit));
    say(about_momentum(unit, settings));
  }
  const bool asked_for = settings.options.compressor != "none";
  const auto dense = [](const UnitPlan& unit) { return !unit.why_dense.empty(); };
  if (asked_for && std::ranges::all_of(units, dense)) {
    const std::string why = units.empty() ? "there are no tensors" : units.front().why_dense;
    say("compressor " + settings.options.compressor + " compresses nothing: " + why);
  }
  return lines;
}

}  // namespace pith
