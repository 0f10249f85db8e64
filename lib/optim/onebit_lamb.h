// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <pith/optim/adam_optimizer.h>

namespace pith {

struct OneBitLambOptions {
  AdamOptions adam = {};
  std::uint64_t freeze_step = 100'000;  ///< full-precision steps; at least 1
  double min_coeff = 0.01;              ///< of a tensor's trust ratio in full-precision steps
  double max_coeff = 10;
  double coeff_beta = 0.9;  ///< of the running mean of these ratios; in [0, 1)
  double factor_min = 0.5;  ///< of what a frozen ratio is multiplied by
  double factor_max = 4;
  double factor_threshold = 0.1;  ///< and by how much that changes at most in a step
};

/// 1-bit LAMB: LAMB in full precision, then momentum in one bit with ratios that follow what the
/// momentum tells about the variance. In each tensor:
///
///   before   m, v as in 1-bit Adam;  d = m / (sqrt(v) + eps) + weight_decay w
///            r = ||w|| / ||d|| in [min_coeff, max_coeff], 1 if a norm is 0;  w = w - lr r d
///            c = coeff_beta c + (1 - coeff_beta) r, unless r is 1
///   freeze   f = v;  s = mean of all tensors' ||m|| / sqrt(n) over its own, 1 if that is 0
///   after    m' = what the sharded exchange makes of s (b1 m + (1 - b1) g), divided by s
///            f = b2 f + (1 - b2) ((m' - b1 m) / (1 - b1))^2
///            q = max (sqrt(v) + eps) / (sqrt(f) + eps), q = q a + 1 - a with
///                a = min(1, ||m' / (sqrt(v) + eps)|| / ||d||) if there is weight decay,
///                in [factor_min, factor_max] and within factor_threshold of its last value
///            w = w - lr c q d
///
/// s makes tensors of all magnitudes alike, so that blocks with one scale fit them. A c that never
/// saw a ratio counts as 1. Elements that are masked take no part in q.
///
/// State    m, v, f, replicated, c, s and the last q of each tensor; residuals as 1-bit Adam.
/// Wire     as 1-bit Adam.
/// Source   Li et al. 2021, "1-bit LAMB", arXiv:2104.06069; the published implementation.
template <Element T = float>
class OneBitLamb final : public AdamOptimizer<T> {
 public:
  /// `communicator` must outlive the optimizer. Collective.
  explicit OneBitLamb(Communicator& communicator, const OneBitLambOptions& options = {});

  /// Whether the next step is a compressed one.
  bool frozen() const { return this->steps() >= lamb_.freeze_step; }

 private:
  struct Layer {
    AlignedVector<T> fresh;  // the variance, from the momentum
    T coefficient = 0;
    T factor = 1;
    T scaling = 1;
  };

  void prepare() override;
  StepResult take_step() override;
  void append_states(std::vector<StateView<T>>& all) override;
  StepResult full_step();
  StepResult compressed_step();
  void freeze();
  T trust_ratio(const AdamTensor<T>& tensor, Layer& layer) const;
  T frozen_ratio(const AdamTensor<T>& tensor, Layer& layer, T preconditioned_norm) const;
  void take_momentum(AdamTensor<T>& tensor, Layer& layer) const;

  OneBitLambOptions lamb_;
  std::vector<Layer> layers_;
};

}  // namespace pith
