// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/core/scratch.h>
#include <pith/reducer/health.h>
#include <pith/reducer/layout.h>
#include <pith/reducer/statistics.h>

namespace pith {

/// Takes units that a rank finds in danger to another compressor, on all ranks in the same step.
/// What rules keep goes along. A unit comes back when its schedule brings another entry.
///
/// Wire     per rank and measured step: p-1 times a byte per unit.
class Fallback {
 public:
  /// `plan` is the same on all ranks; units are treated with a fallback.
  Fallback(Communicator& communicator, const std::vector<UnitPlan>& plan);

  /// Behind a measured step, in which units travelled as in `choices`: tells the others what this
  /// rank has found, and this rank's health what the others suspect. Collective. Returns whether a
  /// unit falls back from `step` on.
  bool share(std::uint64_t step, const std::vector<Choice>& choices, Health& health,
             Scratch& scratch);

  /// Leaves units that have fallen back the way of the fallback; at a step at which a schedule
  /// brings something else, none to those for which it does.
  void narrow(std::vector<std::vector<Choice>>& ways, std::uint64_t step);

  const std::vector<FallbackStatistics>& statistics() const { return statistics_; }

 private:
  std::size_t entry(std::size_t unit, std::uint64_t step) const;
  bool take(std::size_t unit, std::uint64_t step, const Choice& choice, std::string why);

  Communicator& communicator_;
  const std::vector<UnitPlan>& plan_;
  std::vector<std::optional<std::size_t>> held_;  // unit by unit: index into statistics_
  std::vector<FallbackStatistics> statistics_;
};

}  // namespace pith
