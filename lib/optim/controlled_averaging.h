// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
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
struct ControlledAveragingOptions {
  /// Lossless for SCAFFOLD itself. Not `none`, which keeps no control variates.
  std::string compressor = "identity";
  std::string exchange = "natural";
  std::size_t local_steps = 1;  ///< K, between two exchanges
  double local_rate = 0.1;      ///< eta_l, of these
  double global_rate = 1;       ///< eta_g, times what they come to
  int participants = 0;         ///< S, ranks drawn anew for every round; 0: all
  std::uint64_t seed = 0;       ///< of everything random
};

/// What SCALLION and SCAFCOM have in common: local steps that control variates keep from drifting
/// apart on ranks that see different data, one compressed message per round, and ranks that pause.
///
///   Scafcom<float> averaging(world, Shape::flat(x.size()), {.compressor = "topk(density=0.01)",
///                                                           .local_steps = 10});
///   for (...) averaging.round(x, [&](auto y, auto out) { gradient at y, into out });
///
/// In a round, rank i of the S that take part, with its control variate c_i and the mean c of all
/// N ranks' ones:
///
///   y = x;   K times: y -= eta_l (g(y) - c_i + c);   a = mean of the K gradients g(y)
///   sends d = C(what it makes of a and c_i);   c_i += d
///   every rank: x -= eta_g eta_l K (c + sum of the d / S);   c += sum of the d / N
///
/// It runs on a Reducer with a rule that follows differences, which keeps c_i and c: a round counts
/// on all ranks or on none, x has the same bits on all, and absent ranks send empty messages and
/// keep their c_i. a is what the papers call a_i + c_i - c, a_i = (x - y) / (eta_l K).
///
/// State    c_i: n elements, private ("own"); c: n, replicated ("mean"); and the method's own.
/// Memory   the states as the rule keeps them (docs/algorithms.md), and 4 n elements. A round
///          allocates for the list of states and of participants, which does not depend on n.
/// Wire     that of one exchange; nothing comes down from a server.
/// Throws   as Reducer; UsageError on every rank for options out of range or different.
/// Source   Karimireddy et al. 2020 (SCAFFOLD); Huang, Li, Li 2024, "Stochastic controlled
///          averaging for federated learning with communication compression", arXiv:2308.08165.
template <Element T>
class ControlledAveraging {
 public:
  /// Writes this rank's gradient at y to `out`. May throw, then the round counts on no rank.
  using Gradient = std::function<void(std::span<const T> y, std::span<T> out)>;

  virtual ~ControlledAveraging() = default;
  ControlledAveraging(const ControlledAveraging&) = delete;
  ControlledAveraging& operator=(const ControlledAveraging&) = delete;

  /// One round from x, which has the same bits on all ranks before and after. Does not commit, with
  /// x as it was, if a number is not finite. Every rank calls it; only those that take part compute
  /// gradients.
  StepResult round(std::span<T> x, const Gradient& gradient);

  /// Rounds that counted.
  std::uint64_t rounds() const { return static_cast<std::uint64_t>(rounds_); }

  /// Every state, for checkpoints and tests: "x/own", "x/mean", the method's and "x/rounds", exact
  /// up to 2^24 in float. Whoever copies them, and x, to another object goes on with the same bits.
  /// The first call before any round() is collective.
  std::vector<StateView<T>> states();

  Statistics statistics() const { return reducer_.statistics(); }

 protected:
  /// `shape` of x; `feedback`: the rule that sends and keeps; `mistake`: what is wrong with the
  /// method's own options, or nothing.
  ControlledAveraging(Communicator& communicator, const Shape& shape,
                      const ControlledAveragingOptions& options, const std::string& feedback,
                      const std::string& mistake);

  /// What the rule is given instead of the mean of the local gradients, in place.
  virtual void compose(std::span<const T> control, std::span<T> mean_gradient) const = 0;

 private:
  struct Controls {
    std::span<const T> own;
    std::span<const T> mean;
  };
  Controls controls();
  bool takes_part() const;
  void take_local_steps(std::span<const T> x, const Gradient& gradient, const Controls& controls);
  void move(std::span<T> x) const;

  Communicator& communicator_;
  ControlledAveragingOptions options_;
  int participants_;
  Reducer reducer_;
  T rounds_ = 0;
  AlignedVector<T> local_;     // y
  AlignedVector<T> gradient_;  // at y
  AlignedVector<T> message_;   // mean of the gradients, then what is pushed, then the next c
  AlignedVector<T> before_;    // c of the round at hand
};

}  // namespace pith
