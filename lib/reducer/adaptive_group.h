// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <pith/adaptive/error_curve.h>
#include <pith/collectives/stopwatch.h>
#include <pith/collectives/unit.h>
#include <pith/comm/communicator.h>
#include <pith/reducer/adaptive_spec.h>
#include <pith/reducer/layout.h>
#include <pith/reducer/statistics.h>

namespace pith {

/// What the candidates would do to a unit, on this rank.
template <Element T>
class UnitCurve final : public Observer<T> {
 public:
  UnitCurve(const std::vector<Pipeline>& candidates, const Shape& shape, Sampling sampling)
      : errors(candidates, shape, sampling) {}

  std::span<const Range> looked_at(const RandomKey& key, Scratch& scratch) const override {
    return errors.looked_at(key, scratch);
  }

  void observe(const Peekable<T>& x, double loss_scale, const RandomKey& key,
               Scratch& scratch) override {
    Stopwatch watch(seconds);
    errors.observe(x, key, scratch, loss_scale);
  }

  ErrorCurve<T> errors;
  double seconds = 0;  ///< that looking took since the last choice
};

/// A unit, the ways that it may travel in, and which of them it does.
struct AdaptiveLayer {
  /// `part` is what this rank exchanges of the unit; ranks that have parts of it are `parts`.
  AdaptiveLayer(std::size_t index, const UnitPlan& unit, const UnitPlan& part, double parts,
                std::vector<Choice> ways, Sampling sampling);

  std::size_t unit;  ///< its place in the plan
  std::string name;
  double dense_bytes;  ///< of a part, in the mean
  std::vector<Choice> ways;
  std::vector<Pipeline> candidates;            ///< of the ways
  std::vector<double> predicted_seconds = {};  ///< of the ways, where time is saved
  std::size_t chosen = 0;
  std::variant<UnitCurve<float>, UnitCurve<double>> curve;
};

/// Units that are chosen for together: those of one policy, with its budget. All ranks hold the
/// same choice: rank 0 makes it, from what all have measured.
class AdaptiveGroup {
 public:
  /// Collective. Throws UsageError on every rank if rank 0 cannot make the policy.
  AdaptiveGroup(Communicator& communicator, AdaptiveSpec spec, std::uint64_t step,
                std::vector<std::unique_ptr<AdaptiveLayer>> layers);

  std::span<const std::unique_ptr<AdaptiveLayer>> layers() const { return layers_; }
  bool due_at(std::uint64_t step) const { return spec_.due(step - formed_); }
  bool measures_at(std::uint64_t step) const { return spec_.measures(step - formed_); }

  /// Collective. Throws UsageError on every rank if the policy does; then nothing has changed.
  void choose(std::uint64_t step, double ranks, double bytes_per_second);

  /// The same on all ranks, but for seconds; without those since the last choice.
  const AdaptiveStatistics& statistics() const { return statistics_; }

 private:
  void add_up();
  LayerCandidates candidates_of(AdaptiveLayer& layer, double ranks);
  Solution solve(double ranks, double bytes_per_second);
  void share(Solution& solution);
  void forget();
  void take(std::uint64_t step, const Solution& solution);
  void say(const AdaptiveDecision& decision) const;

  Communicator& communicator_;
  AdaptiveSpec spec_;
  std::uint64_t formed_;
  std::vector<std::unique_ptr<AdaptiveLayer>> layers_;
  std::unique_ptr<Policy> policy_;  // on rank 0
  AdaptiveStatistics statistics_;
};

}  // namespace pith
