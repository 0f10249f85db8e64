// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <pith/compressors/decoded.h>
#include <pith/compressors/guarantee.h>
#include <pith/compressors/source.h>
#include <pith/core/element.h>
#include <pith/core/random.h>
#include <pith/core/scratch.h>
#include <pith/core/state.h>

namespace pith {

/// Turns a tensor into dense factors that may be averaged over the ranks before they are turned
/// back, so the ranks exchange them by an ordinary all-reduce and the cost does not grow with p.
///
/// One instance per tensor. A step calls, in this order, for each round: factor(), the average over
/// the ranks into the same span; then own() and reconstruction() in any number and order; and
/// accept() if the step is committed. Without accept() the next step starts from the old state.
template <Element T>
class LinearCompressor {
 public:
  virtual ~LinearCompressor() = default;

  virtual int rounds() const = 0;

  /// Elements of the factor of a round; the same on every rank.
  virtual std::size_t factor_elements(int round) const = 0;

  /// What a factor's elements travel as: T, or float16 or bfloat16, to which factor() has already
  /// rounded them.
  virtual ElementType factor_type() const { return element_type<T>; }

  /// Writes this rank's factor of x to `out`. The average over the ranks is written over it and
  /// must stay there until the step ends. All of x is taken in round 0, looked at again in later
  /// ones, and told as own() when that is known, in the last round at the latest. What is needed
  /// until the step ends is taken from `scratch`. Throws NonFiniteError in round 0 if an element is
  /// a NaN or an infinity; then the step ends without another round.
  virtual void factor(int round, Source<T>& x, const RandomKey& key, std::span<T> out,
                      Scratch& scratch) = 0;

  /// The same of a tensor that lies in memory, unchanged until the last round.
  void factor(int round, std::span<const T> x, const RandomKey& key, std::span<T> out,
              Scratch& scratch) {
    WholeSource<T> source(x);
    factor(round, source, key, out, scratch);
  }

  /// This rank's own part, kept before averaging: the mean of the ranks' own parts is the
  /// reconstruction. Until the step ends.
  virtual const Decoded<T>& own() const = 0;

  /// From the averaged factors: the same bits on every rank. Until the step ends.
  virtual const Decoded<T>& reconstruction() const = 0;

  /// The step is committed: what it changed (a warm start) becomes the state.
  virtual void accept() {}

  /// Takes over what fits of the committed state of `before`, which it replaces for the same
  /// tensor. On all ranks, before the first step.
  virtual void start_from(const LinearCompressor& /*before*/) {}

  /// The committed state, for checkpoints; empty for most.
  virtual std::vector<StateView<T>> states() { return {}; }

  virtual Guarantee guarantee() const = 0;
};

}  // namespace pith
