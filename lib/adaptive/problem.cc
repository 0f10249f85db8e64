// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>

#include <pith/adaptive/least_sums.h>
#include <pith/adaptive/problem.h>
#include <pith/core/error.h>

namespace pith {
namespace {

[[noreturn]] void fail(const Problem& problem, std::size_t l, const std::string& fault) {
  const std::string layer = problem.names.empty() ? "layer " + std::to_string(l) : problem.names[l];
  throw UsageError("adaptive: " + layer + " " + fault);
}

void check_layer(const Problem& problem, std::size_t l) {
  const Candidates& layer = problem.layers[l];
  const std::string fault = fault_of(layer);
  if (!fault.empty()) fail(problem, l, fault);
  if (problem.current[l] >= layer.costs.size()) {
    fail(problem, l, "has no candidate " + std::to_string(problem.current[l]));
  }
  const std::uint64_t largest = *std::ranges::max_element(layer.costs);
  if (largest > static_cast<std::uint64_t>(kNoSum) / problem.layers.size()) {
    fail(problem, l, "has the cost " + std::to_string(largest) + ": sums would overflow");
  }
}

}  // namespace

void check(const Problem& problem) {
  const std::size_t n = problem.layers.size();
  if (problem.current.size() != n) {
    throw UsageError("adaptive: the current assignment is of " +
                     std::to_string(problem.current.size()) + " layers, but there are " +
                     std::to_string(n));
  }
  if (problem.levels == 0) throw UsageError("adaptive: levels must be 1 or more, not 0");
  for (std::size_t l = 0; l < n; ++l) check_layer(problem, l);
}

Solution evaluate(const Problem& problem, Assignment assignment) {
  Solution solution;
  for (std::size_t l = 0; l < assignment.size(); ++l) {
    solution.error += error_of(problem.layers[l], assignment[l], problem.norm);
    solution.cost += problem.layers[l].costs[assignment[l]];
  }
  solution.assignment = std::move(assignment);
  return solution;
}

Assignment uniform_assignment(std::span<const Candidates> layers) {
  Assignment assignment;
  for (const Candidates& layer : layers) assignment.push_back(legal(layer, layer.standard));
  return assignment;
}

double relative_budget(std::span<const double> squared_norms, double fraction, Norm norm) {
  double sum = 0;
  for (const double squared : squared_norms) {
    if (std::isfinite(squared)) sum += norm == Norm::squared ? squared : std::sqrt(squared);
  }
  return (norm == Norm::squared ? fraction : std::sqrt(fraction)) * sum;
}

}  // namespace pith
