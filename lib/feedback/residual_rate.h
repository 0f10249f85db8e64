// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/feedback/private_state.h>

namespace pith {

/// What a residual in units of the gradient counts times: lr_prev / lr, and the ratio of loss
/// scales. The ratio of rates is 1 if one of them is unknown or zero, or if nothing is rescaled.
template <Element T>
class ResidualRate {
 public:
  explicit ResidualRate(bool rescales) : learning_rate_(0), rescales_(rescales) {}

  /// At the step's beginning.
  T begin(const StepContext& step) {
    const T before = learning_rate_.current();
    const T now = static_cast<T>(step.learning_rate);
    learning_rate_.set_next(now);
    const T ratio = rescales_ && before > 0 && now > 0 ? before / now : T(1);
    return ratio * static_cast<T>(step.state_scale);
  }

  void accept() { learning_rate_.accept(); }
  StateView<T> view() { return learning_rate_.view("learning_rate"); }

 private:
  PrivateScalar<T> learning_rate_;
  bool rescales_;
};

}  // namespace pith
