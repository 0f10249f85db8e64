// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <pith/optim/adam_optimizer.h>

namespace pith {

struct ZeroOneAdamOptions {
  AdamOptions adam = {};
  std::uint64_t var_freeze_step = 100'000;   ///< steps in which the variance is learnt; at least 1
  std::uint64_t var_update_scaler = 16;      ///< updates of the variance at one interval
  std::uint64_t local_step_scaler = 32'678;  ///< steps at one interval of synchronisation
  std::uint64_t local_step_clipper = 16;     ///< the longest such interval
};

/// 0/1 Adam: the variance from ever rarer full-precision gradients, then steps without any
/// communication between ever rarer compressed ones. Steps count from 1.
///
///   until var_freeze_step
///     step % k == 0   g = mean of the gradients;  v = b2 v + (1 - b2) g^2;  k doubles after every
///                     var_update_scaler such steps
///     otherwise       g = what the sharded exchange makes of the gradients
///     both            m = b1 m + (1 - b1) g;  w = w - lr d,  d = m / (sqrt(v) + eps) +
///                     weight_decay w
///   afterwards, each rank for itself; a is where all were in step, u how far this rank has moved
///     always          m = b1 m + (1 - b1) g;  u = u - lr d;  w = a + u;  s = s + lr
///     step % h == 0   U = what the sharded exchange makes of u (sqrt(v) + eps)
///                     m = -U / s;  w = a = a + U / (sqrt(v) + eps);  u = s = 0
///                     h doubles after every local_step_scaler steps, to local_step_clipper
///
/// Residuals are of gradients first, and zeroed when they become those of displacements. At
/// masked elements nothing but weight decay moves w, on all ranks alike.
///
/// Between synchronisations parameters differ from rank to rank, and a gradient that is not finite
/// counts for nothing on its rank: step() says so there only, and the step is counted by all.
///
/// State    m, v, a replicated (m per rank once the variance is frozen); u, per rank; residuals as
///          1-bit Adam.
/// Wire     as 1-bit Adam; steps without synchronisation: none.
/// Source   Lu et al. 2022, "0/1 Adam", arXiv:2202.06009; the published implementation, whose
///          replicas drift apart by rounding, as w - u is not where they were in step.
template <Element T = float>
class ZeroOneAdam final : public AdamOptimizer<T> {
 public:
  /// `communicator` must outlive the optimizer. Collective.
  explicit ZeroOneAdam(Communicator& communicator, const ZeroOneAdamOptions& options = {});

  /// What the next step exchanges.
  enum class Kind { full, compressed, local };
  Kind next() const;

 private:
  struct Displacement {
    AlignedVector<T> anchor;
    AlignedVector<T> moved;
  };

  void prepare() override;
  StepResult take_step() override;
  void append_states(std::vector<StateView<T>>& all) override;
  bool learns_variance() const { return this->steps() < zero_one_.var_freeze_step; }
  StepResult exchanged_step(Kind kind);
  void count_variance_update();
  void enter_local_phase();
  StepResult local_step();
  StepResult synchronise();
  void decay_masked(AdamTensor<T>& tensor, Displacement& displacement) const;
  void meet(AdamTensor<T>& tensor, Displacement& displacement, T rates) const;
  void count_local_step();
  std::string unusable() const;  // why this rank's gradients are

  ZeroOneAdamOptions zero_one_;
  std::vector<Displacement> displacements_;
  T var_interval_ = 1;
  T var_counter_ = 0;
  T local_interval_ = 1;
  T local_counter_ = 0;
  T rates_ = 0;  // sum since the last synchronisation
};

}  // namespace pith
