// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <pith/core/vector.h>
#include <pith/feedback/private_state.h>

namespace pith {

/// What the EF21 family is built on: an estimate of this rank's gradient that follows it by what
/// was sent, and the mean of all ranks' estimates, which everybody can follow too.
///
///   own' = own + sent,   mean' = mean + mean over ranks of sent = mean over ranks of own'
///
/// State    own: n elements, private; mean: n elements, replicated.
template <Element T>
class FollowedGradient {
 public:
  FollowedGradient(std::size_t n, Commit commit) : own_(n, commit), mean_(n) {}

  /// At the step's beginning; `own` counts times this (StepContext::state_scale).
  std::span<const T> begin(T state_scale) {
    state_scale_ = state_scale;
    return own_.current();
  }

  void commit(const Sent<T>& sent) {
    copy(own_.current(), own_.next());
    if (state_scale_ != T(1)) scale(state_scale_, own_.next());
    sent.axpy(T(1), own_.next());
  }

  void accept() { own_.accept(); }

  void absorb(std::span<const T> mean_sent, std::span<T> estimate) {
    axpy(T(1), mean_sent, std::span<T>(mean_));
    copy(std::span<const T>(mean_), estimate);
  }

  void append_states(std::vector<StateView<T>>& states) {
    states.push_back(own_.view("own"));
    states.push_back({.name = "mean", .scope = Scope::replicated, .values = mean_});
  }

 private:
  PrivateState<T> own_;
  std::vector<T> mean_;
  T state_scale_ = 1;  // of the step at hand
};

}  // namespace pith
