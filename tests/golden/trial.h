// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pith/reducer/reducer.h>

#include "support/exchange/legal_cases.h"

namespace pith::test {

/// The legal cases, and with every rule but variations some compositions that are harder on
/// feedback.
std::vector<LegalCase> all_cases();
std::vector<LegalCase> cases_with(std::string_view feedback);

/// "topk(k=1) gather ef14"
std::string name_of(const LegalCase& legal);

/// Factors that are averaged in 16 bit: the mean is rounded once more, which no residual knows of.
bool rounds_the_mean(const LegalCase& legal);

/// The states with a number per element that the case's rule keeps on every rank, and its owners'.
std::vector<std::string> states_of(const LegalCase& legal);

/// Whether what is sent is what was composed, so that nothing is left to keep.
bool is_lossless(const LegalCase& legal);

/// One rank's reducer with a small matrix for every case.
template <Element T>
class Trial {
 public:
  Trial(Communicator& communicator, const std::vector<LegalCase>& cases,
        ReducerOptions options = {});

  /// Fills every tensor with normal numbers that depend on tensor, step and rank.
  void draw(std::uint64_t step);

  /// The gradient after draw(), the estimate after exchange().
  std::vector<T>& operator[](std::size_t number) { return tensors_[number]; }
  std::size_t size() const { return tensors_.size(); }

  /// Pushes every tensor and waits.
  StepResult exchange(const StepOptions& step = {});

  /// A state of one case on this rank, as long as the tensor, zero outside of this rank's shard.
  /// Throws UsageError if the reducer has no such state.
  std::vector<T> state(std::size_t number, const std::string& name);

  /// The same, or zeros for a case whose states_of() do not name it.
  std::vector<T> state_or_zeros(std::size_t number, const std::string& name);

  /// All states one after the other, or those of one scope.
  std::vector<T> states(std::optional<Scope> scope = std::nullopt);

  /// Every state becomes that of another trial of the same cases.
  void take_states_of(Trial& other);

 private:
  std::size_t rank_;
  std::vector<LegalCase> cases_;
  std::vector<std::string> names_;
  Reducer reducer_;
  std::vector<std::vector<T>> tensors_;
};

}  // namespace pith::test
