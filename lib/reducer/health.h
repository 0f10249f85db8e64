// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pith/collectives/unit.h>
#include <pith/reducer/layout.h>
#include <pith/reducer/statistics.h>

namespace pith {

/// What can be wrong with a unit's compressor under its rule.
enum class Danger : std::uint8_t { no_contraction = 1, growing_residual = 2 };

std::string name_of(Danger danger);

/// Judges a unit by its measured steps, one after the other, while it travels in one way.
///
/// No contraction   below 0 in 3 measured steps in a row: what was sent left more of the squared
///                  norm than there was. After the first of them the next steps are measured too.
///                  0 is no danger: nothing was sent, as with a threshold that nothing reaches.
/// Growing residual its norm, and its norm over the gradient's, more than doubled in 4 measured
///                  steps in a row at the regular interval, and it is longer than the gradient.
///                  What a compressor leaves waiting grows with the number of steps at first, or
///                  with its square if it has momentum, which doubles at most 3 times in a row at
///                  any interval (1, 4, 9, 16, ...), and stays below about 1 / contraction
///                  gradients.
///
/// Steps in which the gradient was zero say nothing of the residual.
class UnitHealth {
 public:
  /// `promises`: the compressor bounds its own error, so that contraction is not judged. `regular`:
  /// the step was not measured because of a suspicion. Returns what has become certain by it.
  std::optional<Danger> learn(const UnitCost& cost, bool promises, bool regular);

  bool suspected() const { return expanding_ > 0 && expanding_ < kExpanding; }

 private:
  static constexpr int kExpanding = 3;
  static constexpr int kDoublings = 4;

  bool grows(const UnitCost& cost);

  int expanding_ = 0;  // measured steps in a row
  int doublings_ = 0;
  double gradient_norm_ = 0;  // when last measured at the interval
  double residual_norm_ = 0;
};

/// The health of all units on this rank. Found dangers are logged, on rank 0 as warnings, once per
/// unit, compressor and cause.
class Health {
 public:
  /// `parts`: what this rank exchanges of the units.
  Health(int rank, const std::vector<UnitPlan>& parts, std::uint64_t every);

  /// Whether a step is to be measured.
  bool measures_at(std::uint64_t step) const { return is_regular(step) || suspects_; }

  /// Whoever suspects something, on all ranks that are to measure together.
  void suspect(bool anything) { suspects_ = anything; }

  /// A measured step begins to be learned of.
  void begin();

  /// What it measured of a unit that travelled as `choice`.
  void learn(std::uint64_t step, std::size_t unit, const Choice& choice, const UnitCost& cost);

  /// Unit by unit, what became certain by the last measured step: Danger's bits.
  const std::vector<std::uint8_t>& dangers() const { return dangers_; }
  /// Whether it raised a suspicion that the next step could confirm.
  bool suspects() const { return suspects_; }

  const std::vector<HealthWarning>& warnings() const { return warnings_; }

 private:
  struct Followed {
    Choice choice;  // since when it was the last one
    bool promises = true;
    UnitHealth health;
  };

  bool is_regular(std::uint64_t step) const { return every_ > 0 && step % every_ == 0; }
  void warn(HealthWarning warning);

  int rank_;
  const std::vector<UnitPlan>& parts_;
  std::uint64_t every_;
  std::vector<Followed> units_;
  std::vector<std::uint8_t> dangers_;
  bool suspects_ = false;
  std::vector<HealthWarning> warnings_;
};

}  // namespace pith
