// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/feedback/residual_rate.h>

namespace pith {

/// Error feedback with a residual (Seide 2014; Stich 2018; Karimireddy 2019).
///
///   u = g + decay (lr_prev / lr) e,   send C(u),   e' = u - sent
///
/// The residual is kept in units of the gradient, so when the learning rate changes it is rescaled
/// to what it is worth now: the model then receives lr_s g_s of every step s once, sooner or later.
/// rescale=false leaves the ratio at 1, as does a learning rate that is unknown or zero. With decay
/// below 1, as DeMo and SparseLoCo have it, what is not sent soon is forgotten.
///
/// State    e: n elements, private; lr_prev: one number.
/// Estimate the plain mean of what was sent.
/// Source   Zheng, Huang, Kwok 2019, arXiv:1905.10936, for the rescaling; Sarfi et al. 2025,
///          arXiv:2508.15706, for the decay.
template <Element T>
class Ef14 final : public Feedback<T> {
 public:
  Ef14(std::size_t n, Commit commit, bool rescale = true, double decay = 1)
      : residual_(n, commit), rate_(rescale, decay) {}

  void begin(int m, std::span<const T> gradient, const StepContext& step,
             std::span<T> scratch) override;
  void peek(Range range, std::span<T> out) const override;
  std::span<const T> compose(Range range) override;
  void settle() override { residual_.settle(); }
  std::span<const T> composed() override;
  void commit(Range range, const Decoded<T>& sent) override;
  void accept() override;
  void absorb(int m, std::span<const T> mean, std::span<T> estimate) override;
  std::vector<StateView<T>> states() override;

 private:
  PrivateState<T> residual_;
  ResidualRate<T> rate_;
  std::span<const T> gradient_;  // of the step at hand, as are:
  T gradient_scale_ = 1;
  T residual_scale_ = 1;
};

}  // namespace pith
