// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include <pith/adaptive/solver.h>

namespace pith::test {

/// With errors that are plain norms; candidate r - 1 costs r times `cost`, as of rank r.
inline LayerCandidates ranks(const std::vector<double>& errors, std::uint64_t cost,
                             std::size_t standard) {
  LayerCandidates layer;
  layer.standard = standard;
  for (const double error : errors) {
    layer.squared_errors.push_back(error * error);
    layer.costs.push_back(cost * (layer.costs.size() + 1));
  }
  return layer;
}

/// Layers, the assignment that holds, and how to solve them.
struct Instance {
  std::vector<LayerCandidates> layers;
  Assignment current = Assignment(layers.size());
  Norm norm = Norm::plain;
  std::size_t levels = 10'000;

  Problem problem() const { return {layers, current, norm, levels, {}}; }
  Solution uniform() const { return evaluate(problem(), uniform_assignment(layers)); }
};

/// Two layers with ranks 1 to 4 and the standard 2: E = 7, uniform cost 2420, optimum 1610.
inline Instance two_layers() {
  return {{ranks({8, 5, 3, 2}, 200, 1), ranks({4, 2, 1, 0.5}, 1010, 1)}};
}

/// Three layers with ranks 1 to 4 and the standard 2: E = 12.5, uniform cost 9600, optimum 5900.
inline Instance three_layers() {
  return {{ranks({6, 4, 3, 2.5}, 500, 1), ranks({3, 1.5, 0.8, 0.4}, 4000, 1),
           ranks({9, 7, 5, 4}, 300, 1)}};
}

/// Errors fall and costs rise with the candidate: the first 1 to 5 layers, the second 1 to 4
/// candidates, errors in [0, 10), steps of cost in [50, 5000].
inline Instance random_instance(std::mt19937_64& random) {
  const auto whole = [&](std::uint64_t low, std::uint64_t high) {
    return low + random() % (high - low + 1);
  };
  Instance instance;
  instance.layers.resize(whole(1, 5));
  instance.current.assign(instance.layers.size(), 0);
  for (LayerCandidates& layer : instance.layers) {
    std::vector<double> errors(whole(1, 4));
    for (double& error : errors) error = static_cast<double>(random() >> 11) * 0x1p-53 * 10;
    std::ranges::sort(errors, std::greater());
    layer = ranks(errors, whole(50, 5000), whole(0, errors.size() - 1));
  }
  return instance;
}

/// The best of all assignments, tried one by one: least cost with an error of at most `budget`, or
/// least error with a cost of at most `budget`.
template <class Meets, class Rank>
Solution brute_force(const Instance& instance, Meets meets, Rank rank) {
  Solution best;
  best.within_budget = false;
  Assignment trial(instance.layers.size());
  for (;;) {
    const Solution s = evaluate(instance.problem(), trial);
    if (meets(s) && (!best.within_budget || rank(s) < rank(best))) best = s;
    std::size_t l = 0;
    while (l < trial.size() && ++trial[l] == instance.layers[l].costs.size()) trial[l++] = 0;
    if (l == trial.size()) return best;
  }
}

}  // namespace pith::test
