// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/optim/controlled_averaging.h>

namespace pith {

/// Controlled averaging for unbiased compressors, whose noise a small alpha holds down.
///
///   sends C(alpha (a - c_i))
///
/// With one local step and all ranks in every round it is DIANA, but that x moves along the scaled
/// message too. alpha = 1 with a lossless compressor is SCAFFOLD.
///
/// State    c_i: n elements, private; c: n, replicated.
/// Source   Huang, Li, Li 2024, arXiv:2308.08165, who let alpha go like 1 / (1 + omega).
template <Element T>
class Scallion final : public ControlledAveraging<T> {
 public:
  /// 0 < alpha <= 1
  Scallion(Communicator& communicator, const Shape& shape,
           const ControlledAveragingOptions& options, double alpha = 0.1);

 private:
  /// c_i + alpha (a - c_i), of which the rule ef21 sends the difference to c_i.
  void compose(std::span<const T> control, std::span<T> mean_gradient) const override;

  T alpha_;
};

}  // namespace pith
