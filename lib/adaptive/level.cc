// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/adaptive/level.h>
#include <pith/core/error.h>

namespace pith {

Assignment Level::assignment(const Measurements& measurements,
                             std::span<const std::string> names) const {
  Assignment assignment;
  for (std::size_t l = 0; l < names.size(); ++l) {
    assignment.push_back(candidate(measurements, l, names[l]));
  }
  return assignment;
}

std::size_t Level::candidate(const Measurements& measurements, std::size_t layer,
                             const std::string& name) const {
  const Candidates& candidates = measurements.layers[layer];
  if (spec_.name == "standard") return legal(candidates, candidates.standard);
  if (spec_.name != "cheapest" && spec_.name != "accurate") {
    return legal(candidates, candidate_of(measurements.pipelines[layer], {spec_}, name));
  }
  const auto choices = undominated(candidates, Norm::squared);
  if (choices.empty()) return measurements.current[layer];
  return (spec_.name == "cheapest" ? choices.back() : choices.front()).candidate;
}

std::size_t candidate_of(const std::vector<Pipeline>& candidates, const Pipeline& wanted,
                         const std::string& name) {
  const auto found = std::ranges::find(candidates, wanted);
  if (found != candidates.end()) return static_cast<std::size_t>(found - candidates.begin());
  std::string known;
  for (const Pipeline& candidate : candidates) {
    known.append(known.empty() ? "" : ", ").append(text_of(candidate));
  }
  throw UsageError(text_of(wanted) + " is none of the candidates of " + name + ": " + known);
}

}  // namespace pith
