// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/feedback/narrow_state.h>
#include <pith/feedback/residual_rate.h>

namespace pith {

/// Ef14 whose residual is kept in 16 or 8 bits, as LoCo does (Xie et al. 2024, arXiv:2407.04480).
///
///   u = g + decay (lr_prev / lr) e,   send C(u),   e' = rounded(u - sent)
///
/// What rounding drops is lost: at most 2^-8 of each element, or 1/127 of the largest of 128, in
/// every step.
///
/// State    e: n elements, private, of 2 bytes, or of 1 and 2 per 128; lr_prev: one number.
/// Estimate the plain mean of what was sent.
/// Cost     one more pass over the composed message, on one thread, to round what is left of it.
template <Element T>
class NarrowEf14 final : public Feedback<T> {
 public:
  NarrowEf14(std::size_t n, Commit commit, bool rescale, double decay, Narrow kind)
      : residual_(n, commit, kind), rate_(rescale, decay) {}

  void begin(int m, std::span<const T> gradient, const StepContext& step,
             std::span<T> scratch) override;
  void peek(Range range, std::span<T> out) const override;
  std::span<const T> compose(Range range) override;
  std::span<const T> composed() override { return composed_; }
  void commit(Range range, const Decoded<T>& sent) override;
  void observe(const Decoded<T>& sent) override;
  void accept() override;
  void absorb(int m, std::span<const T> mean, std::span<T> estimate) override;
  std::vector<StateView<T>> states() override;

 private:
  NarrowState<T> residual_;
  ResidualRate<T> rate_;
  std::span<const T> gradient_;  // of the step at hand, as are:
  T gradient_scale_ = 1;
  T residual_scale_ = 1;
  bool exact_ = false;
  std::span<T> composed_;
};

}  // namespace pith
