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
///   own' = own + lambda sent,   mean' = mean + lambda (mean over ranks of sent) = that of own'
///   estimate = mean + nu (mean over ranks of sent)
///
/// lambda and nu are 1 unless set: then the estimate is mean'.
///
/// State    own: the elements sent, private; mean: the elements received, replicated.
template <Element T>
class FollowedGradient {
 public:
  FollowedGradient(Extent n, Commit commit) : own_(n.sent, commit), mean_(n.received) {}

  /// From the next step on, on all ranks.
  void set_steps(T lambda, T nu) {
    lambda_ = lambda;
    nu_ = nu;
  }

  /// At the step's beginning; `own` counts times this (StepContext::state_scale).
  void begin(T state_scale) {
    own_.begin();
    state_scale_ = state_scale;
  }

  T state_scale() const { return state_scale_; }

  /// Before it is carried over.
  std::span<const T> own(Range range) const { return slice(own_.current(), range); }

  /// Takes the range over into the next state, for commit() to add to.
  void carry(Range range) {
    const auto before = own(range);
    const auto after = own_.write(range);
    copy(before, after);
    if (state_scale_ != T(1)) scale(state_scale_, after);
  }

  void commit(Range range, const Decoded<T>& sent) {
    sent.axpy(lambda_, range.begin, own_.written(range));
  }

  void settle() { own_.settle(); }
  void accept() { own_.accept(); }

  void absorb(std::span<const T> mean_sent, std::span<T> estimate) {
    learn(mean_sent);
    if (nu_ == lambda_) return copy(mean(), estimate);
    combine(T(1), mean(), nu_ - lambda_, mean_sent, estimate);
  }

  void learn(std::span<const T> mean_sent) { axpy(lambda_, mean_sent, std::span<T>(mean_)); }
  std::span<const T> mean() const { return mean_; }

  void append_states(std::vector<StateView<T>>& states) {
    states.push_back(own_.view("own"));
    states.push_back({.name = "mean", .scope = Scope::replicated, .values = mean_});
  }

 private:
  PrivateState<T> own_;
  std::vector<T> mean_;
  T lambda_ = 1;
  T nu_ = 1;
  T state_scale_ = 1;  // of the step at hand
};

}  // namespace pith
