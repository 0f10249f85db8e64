// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include <pith/adaptive/error_estimator.h>
#include <pith/compressors/message.h>
#include <pith/core/element.h>
#include <pith/core/random.h>
#include <pith/core/scratch.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>

namespace pith {

/// How much of a tensor a step looks at.
struct Sampling {
  std::size_t one_in = 64;      ///< of so many runs one is read; 1: all, so exactly
  std::size_t least_runs = 32;  ///< but so many at least
};

/// The squared error ||x - decode(encode(x))||^2 of every candidate for one tensor, all of them
/// from one look at x, averaged over steps; and the bytes that each sends.
///
///   none, identity, randomk        a share of ||x||^2
///   topk, threshold, cast, natural a histogram of the magnitudes: all densities at once
///   quantize                       the range of each bucket: all widths at once
///   onebit                         the sums of each block
///   lowrank, acp                   one power iteration at the largest rank is one at all ranks
///   the others                     encoded and decoded, each by itself
///
/// x is what feedback composes. It is only peeked at: runs of whole buckets and blocks, spread over
/// the tensor and others in every step (`key.step`). What no run holds, because it needs all of x
/// (low-rank, quantize with a bucket for the tensor, what is measured with stages), is estimated
/// from all of it.
///
/// Shapes   candidates: as make_message() or make_linear() take them for `shape`, or `none`.
/// Error    of the estimates: docs/adaptive.md, "Error curves".
/// Cost     topk and quantize together, of tensors that no cache holds: sampled at most half a
///          plain read of x, all of it four; lowrank and acp: two products at the largest rank;
///          measured ones what they cost. Figures: docs/adaptive.md.
/// Memory   for lowrank and acp R columns; of scratch the histogram's (magnitude_histogram.h), a
///          run, or x where all of it is needed.
/// Throws   UsageError for a candidate that is not valid for the shape, and if one_in is 0.
/// Source   the use of it: Alimohammadi et al. 2022, "L-GreCo", arXiv:2210.17357.
template <Element T>
class ErrorCurve {
 public:
  ErrorCurve(const std::vector<Pipeline>& candidates, const Shape& shape, Sampling sampling = {});

  /// Adds one step, in which x counts as x / scale. False, and the step is counted as left out, if
  /// an element that is looked at is not finite, or its square is not in double.
  bool observe(const Peekable<T>& x, const RandomKey& key, Scratch& scratch, double scale = 1);

  /// What observe() of a step with that key is going to peek at, in that order; in `scratch`.
  std::span<const Range> looked_at(const RandomKey& key, Scratch& scratch) const;

  /// Forgets all steps, but no warm start.
  void reset();

  std::size_t candidates() const { return always_.size(); }

  /// Steps added since reset(), of all ranks once sums() are added up; and those left out.
  double steps() const { return sums_[kSteps]; }
  double left_out() const { return sums_[kLeftOut]; }

  /// Means over the steps; 0 if there are none.
  double squared_norm() const { return mean(kNorm); }
  std::vector<double> squared_errors() const { return means(kFirst); }

  /// Of a message, uncut and with its padding, or the factors of a step. Without any step, 0 for
  /// those whose size depends on the data.
  std::vector<double> expected_bytes() const;

  /// All that was summed over the steps: added up over the ranks and put back, the means are those
  /// over all ranks' steps.
  std::span<double> sums() { return sums_; }

 private:
  static constexpr std::size_t kSteps = 0;
  static constexpr std::size_t kLeftOut = 1;
  static constexpr std::size_t kNorm = 2;
  static constexpr std::size_t kFirst = 3;

  double mean(std::size_t i) const { return steps() == 0 ? 0 : sums_[i] / steps(); }
  std::vector<double> means(std::size_t first) const;
  std::size_t runs() const { return (n_ + run_ - 1) / run_; }
  std::size_t looks() const;  // at so many of them
  void place(Estimators<T> all);
  bool look(const Peekable<T>& x, const RandomKey& key, Seen& seen, std::span<Estimate> estimates,
            Scratch& scratch);
  double look_at_all(const Peekable<T>& x, std::span<T> all);
  std::span<const Range> sampled(const RandomKey& key, Scratch& scratch) const;
  Seen look_at_runs(const Peekable<T>& x, std::span<const Range> ranges, Scratch& scratch);

  std::size_t n_;
  Sampling sampling_;
  std::size_t run_ = 1;  // elements
  Estimators<T> of_runs_;
  Estimators<T> of_all_;
  std::vector<std::optional<double>> always_;  // bytes that do not depend on the data
  std::vector<double> sums_;                   // steps, left out, norm, errors, bytes
};

}  // namespace pith
