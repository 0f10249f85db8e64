// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <pith/core/log.h>
#include <pith/reducer/health.h>
#include <pith/reducer/ways.h>

namespace pith {
namespace {

constexpr double kDoubled = 2;

double contraction_of(const UnitCost& cost) {
  return 1 - cost.relative_error * cost.relative_error;
}

// A compressor that bounds its error, by whatever, was judged with its rule at the start.
bool promises(const Choice& choice, const UnitPlan& unit) {
  const Guarantee guarantee = guarantee_for(choice, unit);
  return guarantee.contraction || guarantee.variance;
}

// What it means, and what to do about it.
std::string advice_on(const std::string& cause) {
  if (cause == name_of(Danger::no_contraction)) {
    return "what is sent leaves more than sending nothing would, and feedback piles that up; use a "
           "compressor that contracts (onebit with scale=l1, topk), or set fallback";
  }
  return "what is not sent doubles from one measured step to the next; send more (density, rank, "
         "bits), use a smaller eta or learning rate, or set fallback";
}

}  // namespace

std::string name_of(Danger danger) {
  return danger == Danger::no_contraction ? "no contraction" : "growing residual";
}

std::optional<Danger> UnitHealth::learn(const UnitCost& cost, bool promises, bool regular) {
  expanding_ = !promises && contraction_of(cost) < 0 ? expanding_ + 1 : 0;
  if (regular && cost.gradient_norm > 0) doublings_ = grows(cost) ? doublings_ + 1 : 0;
  if (expanding_ == kExpanding) return Danger::no_contraction;
  if (regular && doublings_ >= kDoublings && cost.residual_norm > cost.gradient_norm) {
    return Danger::growing_residual;
  }
  return {};
}

bool UnitHealth::grows(const UnitCost& cost) {
  const double residual = cost.residual_norm / residual_norm_;
  const double gradient = cost.gradient_norm / gradient_norm_;
  residual_norm_ = cost.residual_norm;
  gradient_norm_ = cost.gradient_norm;
  return std::isfinite(residual) && residual > kDoubled && residual > kDoubled * gradient;
}

Health::Health(int rank, const std::vector<UnitPlan>& parts, std::uint64_t every)
    : rank_(rank), parts_(parts), every_(every), units_(parts.size()), dangers_(parts.size()) {}

void Health::begin() {
  std::ranges::fill(dangers_, std::uint8_t{0});
  suspects_ = false;
}

void Health::learn(std::uint64_t step, std::size_t unit, const Choice& choice,
                   const UnitCost& cost) {
  Followed& followed = units_[unit];
  if (followed.choice != choice) followed = {choice, promises(choice, parts_[unit]), {}};
  const auto danger = followed.health.learn(cost, followed.promises, is_regular(step));
  suspects_ = suspects_ || followed.health.suspected();
  if (!danger) return;
  dangers_[unit] |= static_cast<std::uint8_t>(*danger);
  const bool contracts = *danger != Danger::no_contraction;
  warn({parts_[unit].name, choice.text(), name_of(*danger), step,
        contracts ? cost.residual_norm / cost.gradient_norm : contraction_of(cost)});
}

void Health::warn(HealthWarning warning) {
  const auto is_same = [&](const HealthWarning& other) {
    return other.unit == warning.unit && other.compressor == warning.compressor &&
           other.cause == warning.cause;
  };
  if (std::ranges::any_of(warnings_, is_same)) return;
  const bool contracts = warning.cause != name_of(Danger::no_contraction);
  log(rank_ == 0 ? LogLevel::warn : LogLevel::info, "HEALTH",
      warning.unit + ": " + warning.cause + " in step " + std::to_string(warning.step) +
          " on rank " + std::to_string(rank_) + ": " + warning.compressor + " has " +
          (contracts ? "a residual of " + std::to_string(warning.value) + " gradients"
                     : "a contraction of " + std::to_string(warning.value)) +
          ": " + advice_on(warning.cause));
  warnings_.push_back(std::move(warning));
}

}  // namespace pith
