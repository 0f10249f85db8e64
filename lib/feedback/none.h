// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/feedback/feedback.h>

namespace pith {

/// No feedback: sends C(g), returns the mean. What a biased compressor drops is lost.
///
/// State    none.
/// Estimate the plain mean of what was sent.
template <Element T>
class None final : public Feedback<T> {
 public:
  void begin(int m, std::span<const T> gradient, const StepContext& step,
             std::span<T> scratch) override;
  void peek(Range range, std::span<T> out) const override;
  std::span<const T> compose(Range range) override;
  std::span<const T> composed() override;
  void commit(Range range, const Decoded<T>& sent) override;
  void accept() override {}
  void absorb(int m, std::span<const T> mean, std::span<T> estimate) override;
  std::vector<StateView<T>> states() override { return {}; }

 private:
  std::span<const T> gradient_;  // of the step at hand, as are:
  T gradient_scale_ = 1;
  std::span<T> scratch_;
};

}  // namespace pith
