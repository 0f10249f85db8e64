// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/feedback/narrow_state.h>
#include <pith/feedback/residual_rate.h>

namespace pith {

struct NarrowOptions {
  Narrow kind = Narrow::eight_bits;
  bool rescale = true;
  double decay = 1;
  double average = 0;       ///< beta, 0 <= beta < 1
  std::uint64_t reset = 0;  ///< steps, up to 2^24; 0: never
};

/// Ef14 whose residual is kept in 16 or 8 bits, as LoCo does (Xie et al. 2024, arXiv:2407.04480).
///
///   e = decay (lr_prev / lr) e
///   u = g + e,   send C(u),   e' = rounded(beta e + (1 - beta) (u - sent))
///   e' = 0 in every `reset`-th step
///
/// What rounding drops is lost: at most 2^-8 of each element, or 1/127 of the largest of 128, in
/// every step. With beta > 0 the residual is an average of what messages left out, not their sum:
/// what was sent plus the residual is no longer what was pushed.
///
/// State    e: n elements, private, of 2 bytes, or of 1 and 2 per 128; lr_prev, and the steps since
///          the last reset if there are resets: one number each.
/// Estimate the plain mean of what was sent.
/// Cost     one more pass over the composed message, on one thread, to round what is left of it.
template <Element T>
class NarrowEf14 final : public Feedback<T> {
 public:
  NarrowEf14(std::size_t n, Commit commit, const NarrowOptions& options)
      : options_(options),
        residual_(n, commit, options.kind),
        rate_(options.rescale, options.decay),
        steps_(0) {}

  void begin(int m, std::span<const T> gradient, const StepContext& step,
             std::span<T> scratch) override;
  void peek(Range range, std::span<T> out) const override;
  std::span<const T> compose(Range range) override;
  std::span<const T> composed() override { return composed_; }
  void commit(Range range, const Decoded<T>& sent) override;
  void observe(const Decoded<T>& sent) override;
  void accept() override;
  void absorb(int m, std::span<const T> mean, std::span<T> estimate) override;
  std::vector<StateView<T>> states() override;

 private:
  void average(Range range);

  NarrowOptions options_;
  NarrowState<T> residual_;
  ResidualRate<T> rate_;
  PrivateScalar<T> steps_;       // since the last reset
  std::span<const T> gradient_;  // of the step at hand, as are:
  T gradient_scale_ = 1;
  T residual_scale_ = 1;
  bool exact_ = false;
  bool resets_ = false;
  std::span<T> composed_;
};

}  // namespace pith
