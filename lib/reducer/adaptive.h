// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <pith/reducer/adaptive_group.h>
#include <pith/reducer/cost_model.h>

namespace pith {

/// Chooses the compressors of units whose spec is adaptive(...) (adaptive_spec.h).
///
/// Units whose specs differ in nothing but their candidates are the layers of one policy. In
/// measured steps each rank estimates the error and the bytes of every candidate for what it sends.
/// When a choice is due, the sums of all ranks are added up, rank 0's policy chooses, and its
/// choice is broadcast, a byte per unit: all ranks hold the same, whatever each has measured.
///
/// Costs    bytes on the wire: of messages and factors as estimated, times what the exchange sends
///          of them (wire_cost.h); or nanoseconds, as CostModel predicts them.
/// Special  A unit of which no rank has seen anything but zeros keeps what it has.
class Adaptive {
 public:
  /// `plan` is the same on all ranks; what this rank exchanges with its peers of it is `parts`.
  Adaptive(Communicator& all, Communicator& peers, const std::vector<UnitPlan>& plan,
           const std::vector<UnitPlan>& parts, const Settings& settings);

  /// Whether a unit's compressor is adaptive(...) at a step.
  static bool is_open(const UnitPlan& unit, const Settings& settings, std::uint64_t step);

  /// Makes and forgets the policies of these steps on rank 0. Collective. Throws UsageError on
  /// every rank if one cannot be made.
  void check(const std::set<std::uint64_t>& steps);

  /// At this step the schedule may change: unit u may travel in ways[u]. Groups of which nothing
  /// changes go on. Collective. Throws UsageError on every rank if a policy cannot be made.
  void form(const std::vector<std::vector<Choice>>& ways, std::uint64_t step);

  bool due_at(std::uint64_t step) const;

  /// Chooses where that is due. Collective. Throws UsageError on every rank if the policy does.
  void decide(std::uint64_t step);

  /// Leaves its units the way that is chosen.
  void narrow(std::vector<std::vector<Choice>>& ways) const;

  /// By unit, who looks at it in this step, or null.
  template <Element T>
  std::vector<Observer<T>*> observers(std::uint64_t step) const;

  /// A step is done that sent so much in so many seconds.
  void learn(std::uint64_t wire_bytes, double exchange_seconds);

  /// Of groups that have ended first.
  std::vector<AdaptiveStatistics> statistics() const;

 private:
  struct Formed {
    std::string what;  // its spec and its units' candidates
    AdaptiveGroup group;
  };

  /// A group as the schedule asks for it: its units, and what tells whether it changes.
  struct Planned {
    AdaptiveSpec spec;
    std::string what;
    std::vector<std::size_t> units;
  };

  std::map<std::string, Planned> planned_at(std::uint64_t step) const;
  void end_others(const std::map<std::string, Planned>& planned);
  void predict(AdaptiveLayer& layer);
  std::vector<std::unique_ptr<AdaptiveLayer>> make_layers(
      const Planned& planned, const std::vector<std::vector<Choice>>& ways);
  template <class Body>
  void together(const Body& body);
  void measure_link();

  Communicator& communicator_;
  Communicator& peers_;
  const std::vector<UnitPlan>& plan_;
  const std::vector<UnitPlan>& parts_;
  const Settings& settings_;
  std::optional<CostModel> model_;  // where time is saved
  std::map<std::string, Formed> groups_;
  std::vector<AdaptiveStatistics> ended_;
  std::uint64_t wire_bytes_ = 0;  // since the last choice
  double exchange_seconds_ = 0;
};

}  // namespace pith
