// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

#include <pith/adaptive/knapsack.h>
#include <pith/adaptive/solver.h>
#include <pith/core/error.h>

namespace pith {
namespace {

constexpr double kRounding = 1e-9;  // of a budget, what a sum of errors may be off by

using LayerChoices = std::vector<std::vector<LegalCandidate>>;

LayerChoices choices_of(const Problem& problem) {
  LayerChoices choices;
  for (std::size_t l = 0; l < problem.layers.size(); ++l) {
    const LayerCandidates& layer = problem.layers[l];
    choices.push_back(undominated(layer, problem.norm));
    const std::size_t current = problem.current[l];
    if (choices.back().empty()) choices.back().push_back({current, 0, layer.costs[current]});
  }
  return choices;
}

/// The candidates `wanted` as far as they are legal, or what stands in for them.
template <class Wanted>
Assignment legal_assignment(const Problem& problem, const LayerChoices& choices, Wanted wanted) {
  Assignment assignment;
  for (std::size_t l = 0; l < choices.size(); ++l) {
    const LayerCandidates& layer = problem.layers[l];
    const std::size_t candidate = legal(layer, wanted(l));
    const bool is_legal = std::isfinite(layer.squared_errors[candidate]);
    assignment.push_back(is_legal ? candidate : choices[l].front().candidate);
  }
  return assignment;
}

double share(double amount, double budget) {
  return amount == 0 ? 0 : amount / budget;  // a budget of 0 leaves room for nothing else
}

class LeastCost {
 public:
  explicit LeastCost(double budget) : budget_(budget) {}

  double share_of(const LegalCandidate& choice) const { return share(choice.error, budget_); }
  std::int64_t value_of(const LegalCandidate& choice) const {
    return static_cast<std::int64_t>(choice.cost);
  }
  bool meets(const Solution& s) const { return s.error <= budget_ * (1 + kRounding); }
  static auto rank(const Solution& s) { return std::tuple(s.cost, s.error); }
  static const LegalCandidate& nearest(const std::vector<LegalCandidate>& layer) {
    return layer.front();
  }

 private:
  double budget_;
};

class LeastError {
 public:
  LeastError(const LayerChoices& choices, std::uint64_t budget) : budget_(budget) {
    for (const auto& layer : choices) whole_ += layer.back().error;
  }

  double share_of(const LegalCandidate& choice) const {
    return share(static_cast<double>(choice.cost), static_cast<double>(budget_));
  }
  std::int64_t value_of(const LegalCandidate& choice) const {
    return static_cast<std::int64_t>(std::round(share(choice.error, whole_) * 0x1p52));
  }
  bool meets(const Solution& s) const { return s.cost <= budget_; }
  static auto rank(const Solution& s) { return std::tuple(s.error, s.cost); }
  static const LegalCandidate& nearest(const std::vector<LegalCandidate>& layer) {
    return layer.back();
  }

 private:
  std::uint64_t budget_;
  double whole_ = 0;
};

// A weight of `most` + 1 fits into no budget: it marks what is infeasible.
template <class Goal>
std::vector<std::vector<Option>> options_of(const LayerChoices& choices, const Goal& goal,
                                            std::size_t levels, std::size_t most) {
  const auto weight_of = [&](const LegalCandidate& choice) {
    const double units = std::ceil(goal.share_of(choice) * static_cast<double>(levels));
    return units <= static_cast<double>(most) ? static_cast<std::size_t>(units) : most + 1;
  };
  std::vector<std::vector<Option>> options;
  for (const auto& layer : choices) {
    auto& mine = options.emplace_back();
    for (const LegalCandidate& choice : layer)
      mine.push_back({weight_of(choice), goal.value_of(choice)});
  }
  return options;
}

template <class Goal>
Solution nearest_to(const Problem& problem, const LayerChoices& choices, const Goal& goal) {
  Assignment assignment;
  for (const auto& layer : choices) assignment.push_back(goal.nearest(layer).candidate);
  Solution solution = evaluate(problem, std::move(assignment));
  solution.within_budget = goal.meets(solution);
  return solution;
}

/// The best that dynamic programming finds; what comes nearest if it finds nothing.
template <class Goal>
Solution search(const Problem& problem, const LayerChoices& choices, const Goal& goal) {
  const std::size_t most = problem.levels + choices.size();
  const auto options = options_of(choices, goal, problem.levels, most);
  const Knapsack knapsack(options, most);
  for (std::size_t budget = most + 1; budget-- > 0;) {
    auto picked = knapsack.best(budget);
    if (!picked) break;
    for (std::size_t l = 0; l < choices.size(); ++l) {
      (*picked)[l] = choices[l][(*picked)[l]].candidate;
    }
    Solution solution = evaluate(problem, std::move(*picked));
    if (goal.meets(solution)) return solution;
  }
  return nearest_to(problem, choices, goal);
}

bool tells_nothing(const LayerChoices& choices) {
  return std::ranges::all_of(choices, [](const auto& layer) { return layer.back().error == 0; });
}

template <class Goal>
Solution solve(const Problem& problem, const LayerChoices& choices, const Goal& goal) {
  if (tells_nothing(choices)) {
    Solution kept = evaluate(problem, legal_assignment(problem, choices, [&](std::size_t l) {
                               return problem.current[l];
                             }));
    if (goal.meets(kept)) return kept;
  }
  Solution found = search(problem, choices, goal);
  Solution uniform = evaluate(problem, legal_assignment(problem, choices, [&](std::size_t l) {
                                return problem.layers[l].standard;
                              }));
  const bool better = !found.within_budget || goal.rank(uniform) <= goal.rank(found);
  return goal.meets(uniform) && better ? uniform : found;
}

}  // namespace

Solution least_cost(const Problem& problem, double budget) {
  check(problem);
  if (!(budget >= 0)) {
    throw UsageError("adaptive: the budget of error must be 0 or more, not " +
                     std::to_string(budget));
  }
  return solve(problem, choices_of(problem), LeastCost(budget));
}

Solution least_error(const Problem& problem, std::uint64_t budget) {
  check(problem);
  const auto choices = choices_of(problem);
  return solve(problem, choices, LeastError(choices, budget));
}

}  // namespace pith
