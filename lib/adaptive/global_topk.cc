// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/adaptive/budget.h>
#include <pith/adaptive/global_topk.h>
#include <pith/core/error.h>

namespace pith {
namespace {

/// From a layer's candidate to the next more accurate one on its hull.
struct Move {
  std::size_t layer = 0;
  std::size_t candidate = 0;
  std::uint64_t cost = 0;
  double gain = 0;  ///< of squared error per unit of cost
};

double gain(const Choice& from, const Choice& to) {
  return (from.error - to.error) / static_cast<double>(to.cost - from.cost);
}

/// The choices on the lower convex hull of (cost, error), the cheapest first.
std::vector<Choice> hull_of(const Candidates& layer) {
  auto choices = undominated(layer, Norm::squared);
  std::ranges::reverse(choices);
  std::vector<Choice> hull;
  for (const Choice& next : choices) {
    while (hull.size() >= 2 &&
           gain(hull[hull.size() - 2], hull.back()) <= gain(hull.back(), next)) {
      hull.pop_back();
    }
    hull.push_back(next);
  }
  return hull;
}

class GlobalTopK final : public Policy {
 public:
  GlobalTopK(Budget budget, std::span<const std::string> names)
      : Policy(names), budget_(std::move(budget)) {}

  std::vector<StateView<double>> states() override { return budget_.states(); }

 private:
  // As the price falls, layers move to their next candidates, the largest gain first.
  Solution decide(const Measurements& measured) override {
    const std::uint64_t budget = budget_.cost(measured);
    const Problem problem{.layers = measured.layers, .current = measured.current};
    Assignment assignment(measured.current.begin(), measured.current.end());
    const auto moves = moves_from_cheapest(measured, assignment);
    std::uint64_t cost = evaluate(problem, assignment).cost;
    const bool within = cost <= budget;
    for (const Move& move : moves) {
      if (cost + move.cost > budget) break;
      cost += move.cost;
      assignment[move.layer] = move.candidate;
    }
    Solution solution = evaluate(problem, std::move(assignment));
    solution.within_budget = within;
    return solution;
  }

  static std::vector<Move> moves_from_cheapest(const Measurements& measured,
                                               Assignment& assignment) {
    std::vector<Move> moves;
    for (std::size_t l = 0; l < assignment.size(); ++l) {
      const auto hull = hull_of(measured.layers[l]);
      if (!hull.empty()) assignment[l] = hull.front().candidate;
      for (std::size_t i = 1; i < hull.size(); ++i) {
        moves.push_back(
            {l, hull[i].candidate, hull[i].cost - hull[i - 1].cost, gain(hull[i - 1], hull[i])});
      }
    }
    std::ranges::stable_sort(moves, std::greater(), &Move::gain);
    return moves;
  }

  Budget budget_;
};

}  // namespace

std::unique_ptr<Policy> make_global_topk(Arguments& arguments, std::span<const std::string> names) {
  Budget budget(arguments, names);
  if (budget.is_error()) {
    throw UsageError("global_topk: budget must be bytes(most=...) or a policy, whose cost it is");
  }
  return std::make_unique<GlobalTopK>(std::move(budget), names);
}

}  // namespace pith
