// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>

#include <pith/feedback/ef21.h>

namespace pith {

/// EF-BV: the differences of Ef21 with two steps, for compressors that are biased, noisy or both
/// (Condat, Yi, Richtarik 2022, arXiv:2205.04180). With nu = 1 and an unbiased compressor it is
/// DIANA (Mishchenko, Gorbunov, Takac, Richtarik 2019, arXiv:1901.09269), with both 1 it is Ef21.
///
///   send C(g - h_i),   h_i' = h_i + lambda sent,   estimate = mean of the h_i + nu (mean of sent)
///
/// lambda damps the noise that h_i would keep: unless given it is k / (k^2 + omega), at most 1, for
/// a compressor of variance omega and bias 1 - k (Guarantee), else 1. nu is 1 unless given. Where
/// nothing is lost both are 1. Messages should be drawn by each rank for itself: then the mean has
/// a p-th of the noise; what all ranks draw alike (random-k's mask) has no noise at the minimum
/// anyway.
///
/// State    h_i: n elements, private; their mean: n elements, replicated.
/// Estimate that mean and a share of what was sent: the plain mean where nothing is lost.
template <Element T>
class EfBv final : public Ef21<T> {
 public:
  /// 0 < lambda, nu <= 1
  EfBv(Extent n, Commit commit, std::optional<double> lambda, double nu)
      : Ef21<T>(n, commit), lambda_(lambda), nu_(nu) {}

  void carried_by(const Guarantee& guarantee) override {
    if (guarantee.contraction == 1.0) return this->set_steps(1, 1);
    const double kept = 1 - guarantee.bias;
    const double best = kept / (kept * kept + guarantee.variance.value_or(0));
    this->set_steps(static_cast<T>(lambda_.value_or(std::min(1.0, best))), static_cast<T>(nu_));
  }

 private:
  std::optional<double> lambda_;
  double nu_;
};

}  // namespace pith
