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
  std::span<const T> compose(int m, std::span<const T> gradient, const StepContext& step,
                             std::span<T> scratch) override;
  void commit(int m, const Sent<T>& sent) override;
  void accept() override {}
  void absorb(int m, std::span<const T> mean, std::span<T> estimate) override;
  std::vector<StateView<T>> states() override { return {}; }
};

}  // namespace pith
