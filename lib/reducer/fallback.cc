// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>

#include <pith/core/log.h>
#include <pith/reducer/fallback.h>

namespace pith {
namespace {

constexpr std::uint8_t kSuspicion = 4;  // beside Danger's bits; of any unit, said with the first

std::string why(std::uint8_t dangers, std::size_t rank) {
  const bool expands = (dangers & static_cast<std::uint8_t>(Danger::no_contraction)) != 0;
  return name_of(expands ? Danger::no_contraction : Danger::growing_residual) + " on rank " +
         std::to_string(rank);
}

}  // namespace

Fallback::Fallback(Communicator& communicator, const std::vector<UnitPlan>& plan)
    : communicator_(communicator), plan_(plan), held_(plan.size()) {}

bool Fallback::share(std::uint64_t step, const std::vector<Choice>& choices, Health& health,
                     Scratch& scratch) {
  const std::size_t units = plan_.size();
  if (units == 0) return false;
  const Scratch::Frame frame(scratch);
  const auto mine = scratch.take<std::uint8_t>(units);
  const auto all =
      scratch.take<std::uint8_t>(units * static_cast<std::size_t>(communicator_.size()));
  std::ranges::copy(health.dangers(), mine.begin());
  if (health.suspects()) mine.front() |= kSuspicion;
  communicator_.all_gather(std::as_bytes(mine), std::as_writable_bytes(all));
  bool suspects = false;
  bool taken = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    suspects = suspects || (all[i] & kSuspicion) != 0;
    const std::uint8_t dangers = all[i] & ~kSuspicion;
    if (dangers != 0) taken |= take(i % units, step, choices[i % units], why(dangers, i / units));
  }
  health.suspect(suspects);
  return taken;
}

bool Fallback::take(std::size_t unit, std::uint64_t step, const Choice& choice, std::string why) {
  const bool leaves_it_anyway = entry(unit, step) != entry(unit, step - 1);
  if (held_[unit] || leaves_it_anyway) return false;
  held_[unit] = statistics_.size();
  statistics_.push_back({plan_[unit].name, choice.text(), std::move(why), step});
  if (communicator_.rank() != 0) return true;
  const FallbackStatistics& told = statistics_.back();
  log(LogLevel::warn, "HEALTH",
      told.unit + ": from step " + std::to_string(step) + " on it falls back from " +
          told.compressor + " to " + text_of(*plan_[unit].treatment.fallback) + ": " + told.why);
  return true;
}

std::size_t Fallback::entry(std::size_t unit, std::uint64_t step) const {
  return entry_at(plan_[unit].treatment.compressor, step);
}

void Fallback::narrow(std::vector<std::vector<Choice>>& ways, std::uint64_t step) {
  for (std::size_t u = 0; u < held_.size(); ++u) {
    if (!held_[u]) continue;
    FallbackStatistics& held = statistics_[*held_[u]];
    if (entry(u, step) == entry(u, held.since)) {
      ways[u] = {choose(*plan_[u].treatment.fallback, plan_[u].treatment)};
    } else {
      held.until = step;
      held_[u].reset();
    }
  }
}

}  // namespace pith
