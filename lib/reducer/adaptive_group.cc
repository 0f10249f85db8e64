// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <pith/adaptive/registry.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/reducer/adaptive_group.h>
#include <pith/reducer/agreement.h>
#include <pith/reducer/wire_cost.h>

namespace pith {
namespace {

std::vector<Pipeline> pipelines_of(const std::vector<Choice>& ways) {
  std::vector<Pipeline> all;
  for (const Choice& way : ways) all.push_back(way.pipeline);
  return all;
}

std::variant<UnitCurve<float>, UnitCurve<double>> curve_of(const UnitPlan& part,
                                                           const std::vector<Pipeline>& candidates,
                                                           Sampling sampling) {
  using Either = std::variant<UnitCurve<float>, UnitCurve<double>>;
  if (part.type == ElementType::float32) {
    return Either(std::in_place_type<UnitCurve<float>>, candidates, part.shape, sampling);
  }
  return Either(std::in_place_type<UnitCurve<double>>, candidates, part.shape, sampling);
}

template <class Body>
auto with_errors(AdaptiveLayer& layer, const Body& body) {
  return std::visit([&](auto& curve) { return body(curve.errors); }, layer.curve);
}

// What rank 0 tells the others.
struct Sums {
  double error;
  std::uint64_t cost;
  std::uint64_t within_budget;
};

}  // namespace

AdaptiveLayer::AdaptiveLayer(std::size_t index, const UnitPlan& whole, const UnitPlan& part,
                             double parts, std::vector<Choice> all, Sampling sampling)
    : unit(index),
      name(whole.name),
      dense_bytes(static_cast<double>(whole.elements * size_of(whole.type)) / parts),
      ways(std::move(all)),
      candidates(pipelines_of(ways)),
      curve(curve_of(part, candidates, sampling)) {}

AdaptiveGroup::AdaptiveGroup(Communicator& communicator, AdaptiveSpec spec, std::uint64_t step,
                             std::vector<std::unique_ptr<AdaptiveLayer>> layers)
    : communicator_(communicator),
      spec_(std::move(spec)),
      formed_(step),
      layers_(std::move(layers)) {
  statistics_.policy = spec_.policy.text();
  for (const auto& layer : layers_) statistics_.units.push_back(layer->name);
  std::string error;
  if (communicator_.rank() == 0) {
    try {
      policy_ = make_policy(spec_.policy, statistics_.units);
    } catch (const std::exception& failure) {
      error = std::string("adaptive: ") + failure.what();
    }
  }
  share_error(communicator_, error);
}

// The means over the steps become those over all ranks' steps.
void AdaptiveGroup::add_up() {
  std::vector<double> all;
  for (const auto& layer : layers_) {
    const auto sums = with_errors(*layer, [](auto& errors) { return errors.sums(); });
    all.insert(all.end(), sums.begin(), sums.end());
  }
  communicator_.all_reduce(std::span(all));
  auto next = all.begin();
  for (const auto& layer : layers_) {
    const auto sums = with_errors(*layer, [](auto& errors) { return errors.sums(); });
    std::copy_n(next, sums.size(), sums.begin());
    next += static_cast<std::ptrdiff_t>(sums.size());
  }
}

LayerCandidates AdaptiveGroup::candidates_of(AdaptiveLayer& layer, double ranks) {
  LayerCandidates candidates;
  std::vector<double> bytes;
  with_errors(layer, [&](auto& errors) {
    candidates.squared_errors = errors.squared_errors();
    bytes = errors.expected_bytes();
    // Where there was nothing to see, no error would be as good as none.
    const bool blind = !(errors.squared_norm() > 0);
    if (blind)
      std::ranges::fill(candidates.squared_errors, std::numeric_limits<double>::infinity());
  });
  for (std::size_t c = 0; c < layer.ways.size(); ++c) {
    const double cost = spec_.objective == CostUnit::bytes
                            ? wire_cost(layer.ways[c], bytes[c], layer.dense_bytes, ranks)
                            : 1e9 * layer.predicted_seconds[c];
    candidates.costs.push_back(static_cast<std::uint64_t>(std::ceil(cost)));
  }
  return candidates;
}

Solution AdaptiveGroup::solve(double ranks, double bytes_per_second) {
  std::vector<LayerCandidates> candidates;
  std::vector<std::vector<Pipeline>> pipelines;
  std::vector<double> norms;
  Assignment current;
  for (const auto& layer : layers_) {
    candidates.push_back(candidates_of(*layer, ranks));
    pipelines.push_back(layer->candidates);
    norms.push_back(with_errors(*layer, [](auto& errors) { return errors.squared_norm(); }));
    current.push_back(layer->chosen);
  }
  return policy_->choose({.layers = candidates,
                          .pipelines = pipelines,
                          .squared_norms = norms,
                          .current = current,
                          .unit = spec_.objective,
                          .bytes_per_second = bytes_per_second});
}

void AdaptiveGroup::choose(std::uint64_t step, double ranks, double bytes_per_second) {
  Stopwatch watch(statistics_.seconds);
  add_up();
  Solution solution;
  std::string error;
  if (policy_) {
    try {
      solution = solve(ranks, bytes_per_second);
    } catch (const std::exception& failure) {
      error = std::string("adaptive: ") + failure.what();
    }
  }
  try {
    share_error(communicator_, error);
  } catch (...) {
    forget();
    throw;
  }
  solution.assignment.resize(layers_.size());
  share(solution);
  take(step, solution);
  forget();
}

void AdaptiveGroup::forget() {
  for (const auto& layer : layers_) {
    std::visit(
        [&](auto& curve) {
          curve.errors.reset();
          statistics_.seconds += std::exchange(curve.seconds, 0);
        },
        layer->curve);
  }
}

// Rank 0's.
void AdaptiveGroup::share(Solution& solution) {
  Sums sums{solution.error, solution.cost, solution.within_budget};
  std::vector<std::uint8_t> numbers(solution.assignment.begin(), solution.assignment.end());
  communicator_.broadcast(std::as_writable_bytes(std::span(&sums, 1)), 0);
  communicator_.broadcast(std::as_writable_bytes(std::span(numbers)), 0);
  solution = {Assignment(numbers.begin(), numbers.end()), sums.error, sums.cost,
              sums.within_budget != 0};
}

void AdaptiveGroup::take(std::uint64_t step, const Solution& solution) {
  AdaptiveDecision decision{step, {}, {}, solution.error, solution.cost, solution.within_budget};
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    AdaptiveLayer& layer = *layers_[l];
    layer.chosen = solution.assignment[l];
    decision.compressors.push_back(text_of(layer.candidates[layer.chosen]));
    with_errors(layer, [&](auto& errors) {
      const double bytes = errors.expected_bytes()[layer.chosen];
      decision.ratios.push_back(bytes > 0 ? layer.dense_bytes / bytes : 1);
    });
  }
  if (communicator_.rank() == 0) say(decision);
  statistics_.decisions.push_back(std::move(decision));
}

void AdaptiveGroup::say(const AdaptiveDecision& decision) const {
  const bool bytes = spec_.objective == CostUnit::bytes;
  log(decision.within_budget ? LogLevel::info : LogLevel::warn, "ADAPT",
      "step " + std::to_string(decision.step) + ": " + statistics_.policy + " for " +
          std::to_string(layers_.size()) + " units: " + std::to_string(decision.cost) +
          (bytes ? " bytes" : " ns") + ", error " + std::to_string(decision.error) +
          (decision.within_budget ? "" : "; nothing meets the budget, this is nearest to it"));
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    log(LogLevel::trace, "ADAPT", layers_[l]->name + ": " + decision.compressors[l]);
  }
}

}  // namespace pith
