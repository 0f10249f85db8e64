// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/optim/controlled_averaging.h>

namespace pith {

/// Controlled averaging for contractive compressors: momentum makes up for their bias.
///
///   v_i = (1 - beta) v_i + beta a,   sends C(v_i - c_i)
///
/// which is what the rule ef21_sgdm(eta=beta) does with a: with one local step and all ranks in
/// every round, SCAFCOM is EF21-SGDM with the step eta_g eta_l.
///
/// State    c_i, v_i: n elements each, private; c: n, replicated.
/// Source   Huang, Li, Li 2024, arXiv:2308.08165.
template <Element T>
class Scafcom final : public ControlledAveraging<T> {
 public:
  /// 0 < beta <= 1. beta = 1 with a lossless compressor is SCAFFOLD.
  Scafcom(Communicator& communicator, const Shape& shape, const ControlledAveragingOptions& options,
          double beta = 0.2);

 private:
  void compose(std::span<const T>, std::span<T>) const override {}
};

}  // namespace pith
