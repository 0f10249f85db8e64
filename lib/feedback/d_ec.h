// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/feedback/followed_gradient.h>

namespace pith {

/// D-EC: error feedback around a gradient estimate that is learned by a message of its own (Gao,
/// Islamov, Stich 2024, arXiv:2311.05645).
///
///   send Delta = C(e + g - h),   e' = e + g - h - Delta,   estimate = mean of the h + Delta
///   send c = C(g - h),           h' = h + c
///
/// Twice the bytes of EControl, and no eta to choose: stable with the whole residual.
///
/// State    e, h: n elements each, private; the mean of the h: n elements, replicated.
/// Estimate the mean of the h + Delta.
template <Element T>
class DEc final : public Feedback<T> {
 public:
  DEc(Extent n, Commit commit) : error_(n.sent, commit), followed_(n, commit) {}

  int messages() const override { return 2; }
  void begin(int m, std::span<const T> gradient, const StepContext& step,
             std::span<T> scratch) override;
  void peek(Range range, std::span<T> out) const override;
  std::span<const T> compose(Range range) override;
  void settle() override;
  std::span<const T> composed() override { return composed_; }
  void commit(Range range, const Decoded<T>& sent) override;
  void accept() override;
  void absorb(int m, std::span<const T> mean, std::span<T> estimate) override;
  std::vector<StateView<T>> states() override;

 private:
  PrivateState<T> error_;
  FollowedGradient<T> followed_;
  std::span<const T> gradient_;  // of the step at hand, as are:
  T gradient_scale_ = 1;
  bool learns_ = false;  // this is the second message
  std::span<T> composed_;
};

}  // namespace pith
