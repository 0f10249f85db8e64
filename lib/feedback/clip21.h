// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

#include <pith/core/vector.h>
#include <pith/feedback/ef21.h>

namespace pith {

/// EF21 with a clip before the compressor: no message is longer than `norm`, and yet the estimates
/// reach the gradients, which clipped gradients never do on heterogeneous ranks.
///
///   send C(clip(g - g_i)),   clip(x) = x min(1, norm / |x|),   g_i' = g_i + sent,
///   estimate = mean of the g_i
///
/// |x| is of the compressed unit on this rank, without the loss scale. The clip stays where tensors
/// travel uncompressed, so over the raw exchange this is Clip21 itself.
///
/// State    g_i: n elements, private; their mean: n elements, replicated.
/// Estimate the mean of the g_i, also where nothing is compressed.
/// Cost     one more pass over gradient and g_i, on one thread, for the norm.
/// Source   Khirirat, Gorbunov, Horvath, Islamov, Karray, Richtarik 2023, arXiv:2305.18929.
template <Element T>
class Clip21 final : public Ef21<T> {
 public:
  /// norm > 0
  Clip21(Extent n, Commit commit, double norm) : Ef21<T>(n, commit), norm_(norm) {}

  void begin(int m, std::span<const T> gradient, const StepContext& step,
             std::span<T> scratch) override {
    Ef21<T>::begin(m, gradient, step, scratch);
    this->peek({0, gradient.size()}, scratch);
    const double norm = std::sqrt(squared_norm(std::span<const T>(scratch)));
    if (!std::isfinite(norm)) return;  // whoever encodes it finds and names the element
    this->scale_message(static_cast<T>(std::min(1.0, norm_ * step.loss_scale / norm)));
  }

 private:
  double norm_;
};

}  // namespace pith
