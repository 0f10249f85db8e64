// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
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
/// Units of one type and with the same ways that follow each other in the order of exchange, up to
/// a bucket's size, form a group, which is decided, and exchanged, together. Rank 0 takes the way
/// that is expected to be the fastest: the median of what the last steps in it took or, where it
/// was not in use yet, what the model predicts, taken for a third faster than that, so that a
/// prediction which is wrong by less does not keep a better way from being tried. Ages count steps
/// since form():
///
///   0, 4, ... 60   another way may be tried, for kTrial steps
///   64             the fastest of what was tried is taken
///   100, 200, ...  what is not in use is expected to be 2 % faster each time: it may be tried, as
///                  link or load may have changed
///   104, 204, ...  the fastest of what was measured is taken
///
/// Each decision is broadcast, 1 byte per group.
class Automatic {
 public:
  static constexpr std::uint64_t kTrial = 4;
  static constexpr std::uint64_t kTrialSteps = 64;
  static constexpr std::uint64_t kDecideEvery = 100;

  /// `plan` is the same on all ranks; what this rank exchanges with its peers of it is `parts`, the
  /// same unless there is a node stage. Collective: measures the link, up to a bucket.
  Automatic(Communicator& all, Communicator& peers, const std::vector<UnitPlan>& plan,
            const std::vector<UnitPlan>& parts, std::size_t bucket_bytes);

  /// From `step` on unit u may travel in ways[u]; `order` is that of the exchange. Collective:
  /// predicts. Throws UsageError on every rank if one cannot.
  void form(const std::vector<std::vector<Choice>>& ways, const std::vector<std::size_t>& order,
            std::uint64_t step);

  /// Whether decide() may come to another decision at this age.
  static bool due(std::uint64_t age);
  bool due_at(std::uint64_t step) const { return due(step - formed_); }

  /// One way for each unit, the same on all ranks. Collective. Logs what changes, with its
  /// prediction, and what was measured.
  std::vector<Choice> decide(std::uint64_t step);

  /// Unit by unit, the number of its group; 0: it has one way only.
  const std::vector<std::size_t>& groups() const { return group_of_; }

  /// A step is done in which unit u took seconds[u] on this rank; below 0: it took no part.
  void learn(std::span<const double> seconds);

  /// What this rank knows of each group.
  std::vector<AutomaticStatistics> statistics() const;

 private:
  struct Way {
    Choice choice = {};
    double predicted = 0;
    double doubt = 1;                // it is expected to take so much of it
    std::array<double, 5> last{};    // seconds, of the last steps since it was taken into use
    std::uint64_t this_time = 0;     // steps since then
    std::uint64_t steps = 0;         // in all
    std::optional<double> measured;  // their median
  };

  struct Group {
    std::vector<std::size_t> units;
    std::vector<Way> ways;
    std::uint8_t chosen = 0;
  };

  static double expected(const Way& way);
  static double known(const Way& way);
  static void learn(Way& way, double seconds);
  static void forget(Group& group);
  void form_groups(const std::vector<std::vector<Choice>>& ways,
                   const std::vector<std::size_t>& order);
  void predict();
  void choose(std::uint64_t age);
  std::vector<std::uint8_t> chosen() const;
  void say(std::uint64_t step, const Group& group) const;

  Communicator& communicator_;
  const std::vector<UnitPlan>& plan_;
  const std::vector<UnitPlan>& parts_;
  std::size_t bucket_bytes_;
  CostModel model_;
  std::uint64_t formed_ = 0;  // step
  std::vector<std::size_t> group_of_;
  std::vector<Choice> choices_;  // of units with one way; others are filled in
  std::vector<Group> groups_;
};

}  // namespace pith
