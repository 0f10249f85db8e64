// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <pith/optim/adam_optimizer.h>

namespace pith {

struct OneBitAdamOptions {
  AdamOptions adam = {};
  /// Full-precision steps, if the variance is not stable before: 15 to 25 % of all. At least 1.
  std::uint64_t freeze_step = 100'000;
  /// The variance counts as stable once ||v||_1 has changed by a factor between this and its
  /// inverse in 1 / (1 - betas[1]) steps. At most 1; 0: never.
  double var_freeze_threshold = 0.96;
  /// It is not looked at before this step: the learning rate still rises.
  std::uint64_t lr_warmup_steps = 0;
};

/// 1-bit Adam: Adam in full precision until the variance is stable, then momentum in one bit.
///
///   before   g = mean of the gradients,  m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2
///   after    m = what the sharded exchange makes of b1 m + (1 - b1) (this rank's gradient)
///   always   w = w - lr (m / (sqrt(v) + eps) + weight_decay w)
///
/// There is no bias correction, as in the published code. From the freeze on v keeps its bits.
///
/// State    m, v, replicated; the residual of n elements, per rank; the owner's of n/p.
/// Wire     before: the raw all-reduce, after: sharded(), each with the agreement's 16 (p-1) bytes.
/// Source   Tang et al. 2021, "1-bit Adam", arXiv:2102.02888.
template <Element T = float>
class OneBitAdam final : public AdamOptimizer<T> {
 public:
  /// `communicator` must outlive the optimizer. Collective.
  explicit OneBitAdam(Communicator& communicator, const OneBitAdamOptions& options = {});

  /// Whether the next step is a compressed one.
  bool frozen() const { return frozen_ != 0; }

 private:
  StepResult take_step() override;
  void append_states(std::vector<StateView<T>>& all) override;
  StepResult full_step();
  StepResult compressed_step();
  void consider_freezing();
  bool is_stable();

  std::uint64_t freeze_step_;
  double threshold_;
  std::uint64_t lr_warmup_steps_;
  T frozen_ = 0;
  T variance_norm_ = 0;  // of v when it was last looked at
};

}  // namespace pith
