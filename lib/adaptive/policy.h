// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <pith/adaptive/problem.h>
#include <pith/core/spec.h>
#include <pith/core/state.h>

namespace pith {

/// What LayerCandidates::costs count.
enum class CostUnit { bytes, nanoseconds };

/// What is known when a choice is made; layer by layer, in the order in which the policy was given
/// their names.
struct Measurements {
  std::span<const LayerCandidates> layers;
  std::span<const std::vector<Pipeline>> pipelines;  ///< the candidates as they are written
  std::span<const double> squared_norms;             ///< of gradient plus residual, as the errors
  std::span<const std::size_t> current;              ///< the assignment that holds now
  CostUnit unit = CostUnit::bytes;
  double bytes_per_second = 0;  ///< that the link was measured to carry; 0: not measured
};

/// Chooses each layer's candidate. Instances own no communication: who calls choose() with the same
/// measurements and states, on whatever machine, gets the same answer.
class Policy {
 public:
  explicit Policy(std::span<const std::string> names) : names_(names.begin(), names.end()) {}
  virtual ~Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  /// Sums of the solution are in the policy's norm.
  /// Throws   UsageError naming the layer, as check() of a Problem; for spans of other lengths,
  ///          negative norms, a bandwidth that is negative or not finite. No state has changed
  ///          then.
  Solution choose(const Measurements& measurements);

  /// What it keeps from one choice to the next, for checkpoints: values may be read and written.
  virtual std::vector<StateView<double>> states() { return {}; }

 protected:
  std::span<const std::string> names() const { return names_; }

 private:
  virtual Solution decide(const Measurements& measurements) = 0;

  std::vector<std::string> names_;
};

}  // namespace pith
