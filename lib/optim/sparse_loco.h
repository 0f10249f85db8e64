// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/core/aligned.h>
#include <pith/core/element.h>
#include <pith/core/shape.h>
#include <pith/core/state.h>
#include <pith/reducer/reducer.h>

namespace pith {

/// The same on all ranks.
struct SparseLocoOptions {
  std::string compressor = "blocktopk(k=64,block=4096,values=2bit)";
  std::string exchange = "natural";
  double error_decay = 0.95;  ///< of what was not sent
  double outer_rate = 1;
  double outer_momentum = 0;  ///< Nesterov's
  std::uint64_t seed = 0;
};

/// SparseLoCo: every rank trains alone for a while, then the ranks exchange how far they got, with
/// error feedback, and take one step together.
///
///   SparseLoco<float> loco(world, Shape::flat(x.size()), {});
///   for (...) loco.round(x, [&](auto y) { thirty steps of AdamW on y, in place });
///
/// In a round rank i
///
///   y = x;   trains y;   u = (x - y) + decay e_i;   sends C(u);   e_i = u - what was sent
///   every rank: d = mean of what was sent;   b = momentum b + d;   x -= rate (d + momentum b)
///
/// Without momentum x -= rate d; uncompressed, with rate 0.7 and momentum 0.9, it is DiLoCo. A
/// round counts on all ranks or on none, and x has the same bits on all. The inner optimizer is the
/// caller's, and so is its state.
///
/// State    e: n elements, private ("residual"); b: n, replicated ("momentum"), if there is any.
/// Memory   the states as the rule ef14 keeps them, b, and n elements.
/// Wire     that of one exchange per round.
/// Throws   as Reducer; UsageError on every rank for options out of range or different, and for
///          what training throws.
/// Source   Sarfi et al. 2025, "Communication efficient LLM pre-training with SparseLoCo",
///          arXiv:2508.15706; Douillard et al. 2023, "DiLoCo", arXiv:2311.08105.
template <Element T>
class SparseLoco {
 public:
  /// Trains y, which is x before. May throw, then the round counts on no rank.
  using Train = std::function<void(std::span<T> y)>;

  SparseLoco(Communicator& communicator, const Shape& shape, const SparseLocoOptions& options);

  /// One round from x, which has the same bits on all ranks before and after. Does not commit, with
  /// x as it was, if a number is not finite; where that is one of the next x or b, these stay, but
  /// not e, which has gone on with what was sent.
  StepResult round(std::span<T> x, const Train& train);

  /// Every state, for checkpoints and tests: "x/residual", "x/learning_rate" and "x/momentum".
  /// Whoever copies them, and x, to another object goes on with the same bits. The first call
  /// before any round() is collective.
  std::vector<StateView<T>> states();

  Statistics statistics() const { return reducer_.statistics(); }

 private:
  bool stays_finite(std::span<const T> x) const;
  void move(std::span<T> x);

  SparseLocoOptions options_;
  Reducer reducer_;
  AlignedVector<T> message_;   // y, then x - y, then the mean of what was sent
  AlignedVector<T> momentum_;  // b, or empty
};

}  // namespace pith
