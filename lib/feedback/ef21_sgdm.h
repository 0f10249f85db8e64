// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/feedback/followed_gradient.h>
#include <pith/feedback/kernels.h>

namespace pith {

/// EF21 on the momentum of the gradient, which averages its noise away (Fatkhullin, Tyurin,
/// Richtarik 2023, arXiv:2305.15155).
///
///   v' = (1 - eta) v + eta g,   send C(v' - g_i),   g_i' = g_i + sent,   estimate = mean of the
///   g_i
///
/// The estimate carries momentum 1 - eta: give the optimizer none of its own. If the very first
/// step travels uncompressed, v starts at the gradient itself; otherwise at zero. eta = 1 is EF21.
///
/// EF21-SGD2M (the same source) averages twice, for fewer assumptions on the first batch:
///
///   w' = (1 - eta) w + eta v',   send C(w' - g_i)
///
/// State    v, w of EF21-SGD2M, g_i: n elements each, private; the mean of the g_i: n elements,
///          replicated.
/// Estimate the mean of the g_i, also where nothing is compressed.
template <Element T>
class Ef21Sgdm final : public Feedback<T> {
 public:
  /// 0 < eta <= 1; twice: EF21-SGD2M
  Ef21Sgdm(Extent n, Commit commit, double eta, bool twice = false);

  void begin(int m, std::span<const T> gradient, const StepContext& step,
             std::span<T> scratch) override;
  void peek(Range range, std::span<T> out) const override;
  std::span<const T> compose(Range range) override;
  void settle() override {
    for (auto& momentum : momenta_) momentum.settle();
    followed_.settle();
  }
  std::span<const T> composed() override;
  void commit(Range range, const Decoded<T>& sent) override;
  void accept() override;
  void absorb(int m, std::span<const T> mean, std::span<T> estimate) override;
  std::vector<StateView<T>> states() override;

 private:
  void average_once(Range range, std::span<T> after) const;
  void run(Range range, std::span<const T> gradient, T gradient_scale, std::span<T> after,
           std::span<T> out) const;

  std::vector<PrivateState<T>> momenta_;  // the second one follows the first
  FollowedGradient<T> followed_;
  T eta_;
  MomentumStep<T> step_;  // of the step at hand, as are:
  std::span<const T> gradient_;
  std::span<T> composed_;
};

}  // namespace pith
