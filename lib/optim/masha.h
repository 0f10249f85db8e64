// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/core/aligned.h>
#include <pith/core/element.h>
#include <pith/core/shape.h>
#include <pith/core/state.h>
#include <pith/reducer/reducer.h>

namespace pith {

/// The same on all ranks.
struct MashaOptions {
  std::string compressor = "none";
  std::string exchange = "natural";
  double step = 0.1;  ///< gamma
  double tau = 0.75;  ///< share of the rounds that keep the anchor; about 1 - k/n under top-k
  std::size_t refresh_every = 0;  ///< a new anchor after every so many rounds; 0: by a shared coin
  std::uint64_t seed = 0;         ///< of everything random
};

/// Variational inequalities with compressed messages: seeks z with F(z) = 0, F the mean of the
/// ranks' F_m, monotone; or, with a prox, <F(z), x - z> + h(x) - h(z) >= 0 for all x. A saddle
/// point of f(x, y) is one of F = (df/dx, -df/dy), where descent, compressed or not, runs in
/// circles.
///
///   Masha2<double> masha(world, Shape::flat(z.size()), {.compressor = "topk(density=0.3)"});
///   for (...) masha.round(z, [&](auto z, auto out) { F_m at z, into out });
///
/// An extragradient step with an anchor w, at which all ranks know F:
///
///   m = tau z + (1 - tau) w
///   half = prox(m - gamma F(w))                       nothing is sent
///   g = what all ranks' F_m(half) - F_m(w) come to    one compressed exchange
///   z = prox(m - gamma F(w) - gamma g)
///   w = z, F(w) exchanged uncompressed                in a share 1 - tau of the rounds
///
/// Masha1 takes the plain mean of unbiased messages, Masha2 error feedback for contractive ones
/// (published without a prox). With compressor=none either is the uncompressed method. Over the
/// exchange `sharded` what comes back is compressed too, as published for both directions.
///
/// State    F_m(w): n elements, private ("own"); w, F(w): n, replicated ("anchor", "mean"); of
///          Masha2 the residual, n, private.
/// Memory   the states, 3 n elements, and the reducers' scratch.
/// Wire     that of one exchange; and of one uncompressed exchange in the first round and with
///          every new anchor.
/// Throws   as Reducer; UsageError on every rank for options out of range or different.
/// Source   Beznosikov, Richtarik, Diskin, Ryabinin, Gasnikov 2022, "Distributed methods with
///          compressed communication for solving variational inequalities", arXiv:2110.03313.
template <Element T>
class Masha {
 public:
  /// Writes this rank's F_m(z) to `out`. May throw, then the round counts on no rank.
  using Operator = std::function<void(std::span<const T> z, std::span<T> out)>;

  /// Replaces z by argmin over x of gamma h(x) + |x - z|^2 / 2. What it does follows from z alone,
  /// the same on all ranks, so it throws on all of them or on none: then the round does not count,
  /// z is as it was, and what was thrown leaves round(). What the rule of MASHA2 has kept of the
  /// round's message stays kept.
  using Prox = std::function<void(T gamma, std::span<T> z)>;

  /// One round from z, which has the same bits on all ranks before and after. Does not commit, with
  /// z as it was, if a number is not finite; the next round is then the one that this was to be.
  StepResult round(std::span<T> z, const Operator& apply);

  /// Rounds that counted.
  std::uint64_t rounds() const { return static_cast<std::uint64_t>(rounds_); }

  /// Every state, for checkpoints and tests; "z/rounds" is exact up to 2^24 in float. Whoever
  /// copies them, and z, to another object goes on with the same bits. The first call before any
  /// round() is collective.
  std::vector<StateView<T>> states();

  /// Of the compressed exchanges; and of the uncompressed ones.
  Statistics statistics() const { return differences_.statistics(); }
  Statistics anchor_statistics() const { return anchors_.statistics(); }

 protected:
  Masha(Communicator& communicator, const Shape& shape, const MashaOptions& options, Prox prox,
        const std::string& feedback);
  ~Masha() = default;

 private:
  bool anchor_is_due() const;
  StepResult renew_anchor(std::span<const T> z, const Operator& apply);
  StepResult exchange_difference(std::span<const T> z, const Operator& apply);
  void set_base(std::span<const T> z);
  void check_length(std::span<const T> z) const;

  MashaOptions options_;
  Prox prox_;
  Reducer differences_;
  Reducer anchors_;
  T rounds_ = 0;
  AlignedVector<T> anchor_;      // w
  AlignedVector<T> own_;         // F_m(w)
  AlignedVector<T> mean_;        // F(w)
  AlignedVector<T> base_;        // m - gamma F(w)
  AlignedVector<T> half_;        // where F_m is asked for, then the next z
  AlignedVector<T> difference_;  // what is sent, then g; F_m at a new anchor, then F
};

/// For unbiased compressors, and with a prox.
template <Element T>
class Masha1 final : public Masha<T> {
 public:
  Masha1(Communicator& communicator, const Shape& shape, const MashaOptions& options,
         typename Masha<T>::Prox prox = {})
      : Masha<T>(communicator, shape, options, std::move(prox), "none") {}
};

/// For contractive compressors: what one message leaves out goes with the next.
template <Element T>
class Masha2 final : public Masha<T> {
 public:
  Masha2(Communicator& communicator, const Shape& shape, const MashaOptions& options)
      : Masha<T>(communicator, shape, options, {}, "ef14(rescale=false)") {}
};

}  // namespace pith
