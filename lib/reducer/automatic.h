// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <pith/reducer/cost_model.h>
#include <pith/reducer/statistics.h>

namespace pith {

/// Decides how units travel that may travel in several ways (exchange=auto, compressor=auto(...)).
///
/// Units that would share a bucket are decided together. Rank 0 takes the way that is expected to
/// be the fastest: what was measured where it was in use, and what the model predicts where it was
/// not yet, taken for a third faster than that, so that a prediction which is wrong by less does
/// not keep a better way from being tried. It looks again every kTrial steps up to step
/// kTrialSteps, and then every kDecideEvery, where what is not in use is expected to be a little
/// faster each time, so that it is tried again, for kTrial steps, when link or load may have
/// changed. A decision is broadcast, 1 byte per bucket.
class Automatic {
 public:
  static constexpr std::uint64_t kTrial = 4;
  static constexpr std::uint64_t kTrialSteps = 64;
  static constexpr std::uint64_t kDecideEvery = 100;

  /// Collective: measures the link, up to a bucket.
  Automatic(Communicator& communicator, const std::vector<UnitPlan>& plan,
            std::size_t bucket_bytes);

  /// Whether decide() may come to another decision at `step`.
  static bool due(std::uint64_t step);

  /// One way for each unit, the same on all ranks. `ways[u]` are those of unit u; `order` is that
  /// of the exchange. Collective. Logs what changes, with its prediction, and what it measured.
  std::vector<Choice> decide(const std::vector<std::vector<Choice>>& ways,
                             const std::vector<std::size_t>& order, std::uint64_t step);

  /// A step is done in which unit u took seconds[u] on this rank.
  void learn(std::span<const double> seconds);

  /// What is known of each bucket; predictions on rank 0 only.
  std::vector<AutomaticStatistics> statistics() const;

 private:
  struct Way {
    Choice choice;
    double predicted = 0;
    std::optional<double> measured;
    std::uint64_t steps = 0;      // in all
    std::uint64_t this_time = 0;  // since it was taken into use
  };

  struct Bucket {
    std::vector<std::size_t> units;
    std::vector<Way> ways;
    std::uint8_t chosen = 0;
  };

  static double expected(const Way& way);
  std::size_t largest_bucket(std::size_t bucket_bytes) const;
  void form_buckets(const std::vector<std::vector<Choice>>& ways,
                    const std::vector<std::size_t>& order);
  void predict();
  void choose(std::uint64_t step);
  std::string text_of(const Bucket& bucket) const;
  void say(std::uint64_t step, const Bucket& bucket, std::uint8_t before) const;

  Communicator& communicator_;
  const std::vector<UnitPlan>& plan_;
  std::size_t bucket_bytes_;
  CostModel model_;
  std::vector<std::vector<Choice>> ways_;  // unit by unit, as at the last decision
  std::vector<std::size_t> order_;
  std::vector<Bucket> buckets_;
};

}  // namespace pith
