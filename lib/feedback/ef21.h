// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/feedback/followed_gradient.h>

namespace pith {

/// EF21: every rank's gradient estimate g_i follows its gradient by compressed differences
/// (Richtarik, Sokolov, Fatkhullin 2021, arXiv:2106.05203).
///
///   send C(g - g_i),   g_i' = g_i + sent,   estimate = mean of the g_i
///
/// Exact in the limit for heterogeneous data; stalls under gradient noise (use Ef21Sgdm or Ef14).
///
/// State    g_i: n elements, private; their mean: n elements, replicated.
/// Estimate the mean of the g_i: dense, although the message is sparse.
template <Element T>
class Ef21 : public Feedback<T> {
 public:
  Ef21(Extent n, Commit commit) : followed_(n, commit) {}

  void begin(int m, std::span<const T> gradient, const StepContext& step,
             std::span<T> scratch) override;
  void peek(Range range, std::span<T> out) const override;
  std::span<const T> compose(Range range) override;
  void settle() override { followed_.settle(); }
  std::span<const T> composed() override;
  void commit(Range range, const Decoded<T>& sent) override;
  void accept() override { followed_.accept(); }
  void absorb(int m, std::span<const T> mean, std::span<T> estimate) override;
  std::vector<StateView<T>> states() override;

 protected:
  /// The steps of the followed gradient.
  void set_steps(T lambda, T nu) { followed_.set_steps(lambda, nu); }

  /// After begin(): the message of this step counts times this.
  void scale_message(T factor) { message_scale_ = factor; }

 private:
  FollowedGradient<T> followed_;
  std::span<const T> gradient_;  // of the step at hand, as are:
  T gradient_scale_ = 1;
  T message_scale_ = 1;
  std::span<T> composed_;
};

}  // namespace pith
