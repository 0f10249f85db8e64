// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/feedback/private_state.h>

namespace pith {

/// What a residual in units of the gradient counts times: decay, lr_prev / lr, and the ratio of
/// loss scales. The ratio of rates is 1 if one of them is unknown or zero, or if nothing is
/// rescaled.
template <Element T>
class ResidualRate {
 public:
  ResidualRate(bool rescales, double decay)
      : learning_rate_(0), rescales_(rescales), decay_(static_cast<T>(decay)) {}

  /// At the step's beginning.
  T begin(const StepContext& step) {
    const T before = learning_rate_.current();
    const T now = static_cast<T>(step.learning_rate);
    learning_rate_.set_next(now);
    const T ratio = rescales_ && before > 0 && now > 0 ? before / now : T(1);
    return decay_ * (ratio * static_cast<T>(step.state_scale));
  }

  void accept() { learning_rate_.accept(); }
  StateView<T> view() { return learning_rate_.view("learning_rate"); }

 private:
  PrivateScalar<T> learning_rate_;
  bool rescales_;
  T decay_;
};

}  // namespace pith
