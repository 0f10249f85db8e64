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
struct MarinaOptions {
  std::string compressor = "none";  ///< unbiased
  std::string exchange = "natural";
  double probability = 0.1;  ///< of a full round; about the share of bytes that a message takes
  std::uint64_t seed = 0;    ///< of everything random
};

/// Estimates of the mean gradient from compressed differences of gradients, and now and then from
/// the gradients themselves. The differences go to zero where training comes to rest, and so does
/// the noise of unbiased compressors, on heterogeneous ranks too.
///
///   Marina<double> marina(world, Shape::flat(x.size()), {.compressor = "quantize(range=qsgd)"});
///   for (...) {
///     marina.estimate(x, [&](auto x, auto out) { this rank's gradient at x, into out }, g);
///     x -= rate * g
///   }
///
///   g' = mean of grad f_i(x)                             in the first round, and a share p of all
///   g' = g + mean of C(grad f_i(x) - grad f_i(before))   otherwise; `before`: x of the last round
///
/// A round that is not full calls for the gradient twice, at `before` and at x, and both must be of
/// the same sample of data. The coin falls the same on all ranks.
///
/// State    before, g: n elements each, replicated ("before", "mean").
/// Memory   the states, 2 n elements, and the reducers' scratch.
/// Wire     that of one uncompressed exchange in a full round, else of one compressed exchange.
/// Throws   as Reducer; UsageError on every rank for options out of range or different.
/// Source   Gorbunov, Burlachenko, Li, Richtarik 2021, "MARINA: faster non-convex distributed
///          learning with compression", arXiv:2102.07845.
template <Element T>
class Marina {
 public:
  /// Writes this rank's gradient at x to `out`. May throw, then the round counts on no rank.
  using Gradient = std::function<void(std::span<const T> x, std::span<T> out)>;

  Marina(Communicator& communicator, const Shape& shape, const MarinaOptions& options);

  /// One round at x, which has the same bits on all ranks, as `out` has afterwards. Does not
  /// commit, with `out` as it was, if a number is not finite, of the gradients or of g'; the next
  /// round is then the one that this was to be.
  StepResult estimate(std::span<const T> x, const Gradient& gradient, std::span<T> out);

  /// Rounds that counted.
  std::uint64_t rounds() const { return static_cast<std::uint64_t>(rounds_); }

  /// Every state, for checkpoints and tests; "x/rounds" is exact up to 2^24 in float. Whoever
  /// copies them to another object goes on from there, with random numbers that begin anew. The
  /// first call before any estimate() is collective.
  std::vector<StateView<T>> states();

  /// Of the compressed exchanges; and of the uncompressed ones.
  Statistics statistics() const { return differences_.statistics(); }
  Statistics full_statistics() const { return full_.statistics(); }

 private:
  bool full_is_due() const;
  StepResult exchange_gradients(std::span<const T> x, const Gradient& gradient);
  StepResult exchange_differences(std::span<const T> x, const Gradient& gradient);
  void check_lengths(std::span<const T> x, std::span<const T> out) const;

  MarinaOptions options_;
  Reducer differences_;
  Reducer full_;
  T rounds_ = 0;
  AlignedVector<T> before_;
  AlignedVector<T> mean_;     // g
  AlignedVector<T> pushed_;   // what is sent, then what it comes to, then the next g
  AlignedVector<T> earlier_;  // this rank's gradient at `before`
};

/// The learning rate that theory allows for smooth functions:
///
///   1 / (L (1 + sqrt((1 - p) omega / (p ranks))))
///
/// omega: variance of the compressor (Guarantee::variance), 0 or more, whose messages ranks draw
/// independently; p in (0, 1]: probability of a full round; L: root of the mean square of the
/// ranks' smoothness constants, above 0.
///
/// Throws   UsageError that names the argument and its value if one is out of range.
double marina_stepsize(double omega, double p, std::size_t ranks, double L);

}  // namespace pith
