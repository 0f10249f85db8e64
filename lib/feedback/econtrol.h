// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <pith/feedback/followed_gradient.h>
#include <pith/feedback/kernels.h>

namespace pith {

/// EControl: EF21's difference plus a controlled share of the residual (Gao, Islamov, Stich 2024,
/// arXiv:2311.05645).
///
///   send Delta = C(eta e + g - h),   e' = e + g - h - Delta,   h' = h + Delta,
///   estimate = mean of the h'
///
/// eta = 0 is EF21. Without a fixed eta it follows the compressor: its contraction where that is
/// typical (top-k, random-k), otherwise min(0.4, the contraction measured on this rank's messages,
/// averaged over about ten steps), where a message that carries few elements contracts by no more
/// than their share. Above twice the contraction the method diverges.
///
/// State    e, h: n elements each, private; the mean of the h: n elements, replicated; the measured
///          contraction: one number, private.
/// Estimate the mean of the h.
template <Element T>
class EControl final : public Feedback<T> {
 public:
  /// 0 <= eta <= 1, or empty to follow the compressor.
  EControl(Extent n, Commit commit, std::optional<double> eta);

  void begin(int m, std::span<const T> gradient, const StepContext& step,
             std::span<T> scratch) override;
  void peek(Range range, std::span<T> out) const override;
  std::span<const T> compose(Range range) override;
  void settle() override {
    error_.settle();
    followed_.settle();
  }
  std::span<const T> composed() override;
  void commit(Range range, const Decoded<T>& sent) override;
  void observe(const Decoded<T>& sent) override;
  void accept() override;
  void absorb(int m, std::span<const T> mean, std::span<T> estimate) override;
  std::vector<StateView<T>> states() override;

 private:
  T eta(const StepContext& step);
  void run(Range range, std::span<T> next, std::span<T> out) const;

  PrivateState<T> error_;
  FollowedGradient<T> followed_;
  PrivateScalar<T> contraction_;
  std::optional<T> fixed_eta_;
  bool measures_ = false;  // this step's eta follows the measured contraction
  ControlStep<T> step_;    // of the step at hand, as are:
  std::span<const T> gradient_;
  std::span<T> composed_;
};

}  // namespace pith
