// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <tuple>

#include <pith/adaptive/choices.h>

namespace pith {

std::string fault_of(const Candidates& candidates) {
  const auto& errors = candidates.squared_errors;
  const std::size_t n = errors.size();
  if (n == 0) return "has no candidates";
  if (candidates.costs.size() != n) {
    return "has " + std::to_string(n) + " errors, but " + std::to_string(candidates.costs.size()) +
           " costs";
  }
  if (candidates.standard >= n) {
    return "has candidate " + std::to_string(candidates.standard) + " as its standard, of " +
           std::to_string(n);
  }
  const auto negative = std::ranges::find_if(errors, [](double error) { return error < 0; });
  if (negative == errors.end()) return "";
  return "has the error " + std::to_string(*negative) + " for candidate " +
         std::to_string(negative - errors.begin());
}

std::vector<Choice> undominated(const Candidates& candidates, Norm norm) {
  std::vector<Choice> choices;
  for (std::size_t c = 0; c < candidates.costs.size(); ++c) {
    if (!std::isfinite(candidates.squared_errors[c])) continue;
    choices.push_back({c, error_of(candidates, c, norm), candidates.costs[c]});
  }
  std::ranges::sort(choices, {}, [](const Choice& choice) {
    return std::tuple(choice.error, choice.cost, choice.candidate);
  });
  std::vector<Choice> kept;
  for (const Choice& choice : choices) {
    if (kept.empty() || choice.cost < kept.back().cost) kept.push_back(choice);
  }
  return kept;
}

std::size_t legal(const Candidates& candidates, std::size_t wanted) {
  if (std::isfinite(candidates.squared_errors[wanted])) return wanted;
  const auto choices = undominated(candidates, Norm::squared);
  return choices.empty() ? wanted : choices.front().candidate;
}

double error_of(const Candidates& candidates, std::size_t candidate, Norm norm) {
  const double squared = candidates.squared_errors[candidate];
  if (!std::isfinite(squared)) return 0;
  return norm == Norm::squared ? squared : std::sqrt(squared);
}

}  // namespace pith
