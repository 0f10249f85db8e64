// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <pith/feedback/registry.h>

namespace pith::test {

/// What a message carries of what was composed.
template <Element T>
using Compress = std::function<std::vector<T>(std::span<const T>)>;

/// The element of largest magnitude, the first of several.
template <Element T>
std::vector<T> largest(std::span<const T> x) {
  std::vector<T> kept(x.size());
  std::size_t at = 0;
  for (std::size_t i = 1; i < x.size(); ++i) {
    if (std::abs(x[i]) > std::abs(x[at])) at = i;
  }
  if (!x.empty()) kept[at] = x[at];
  return kept;
}

template <Element T>
std::vector<T> everything(std::span<const T> x) {
  return {x.begin(), x.end()};
}

/// A rule that has no other ranks: the mean is what it sent.
template <Element T>
class LoneRank {
 public:
  LoneRank(std::string_view spec, std::size_t n, Commit commit = Commit::step,
           Compress<T> compress = largest<T>)
      : rule_(make_feedback<T>(parse_spec(spec), n, commit)), compress_(std::move(compress)) {}

  /// Composes and commits, but does not end the step. Returns what was composed.
  std::vector<T> begin(const std::vector<T>& gradient, const StepContext& step = {}) {
    std::vector<T> scratch(gradient.size());
    const auto x = rule_->compose_all(0, gradient, step, scratch);
    std::vector<T> composed(x.begin(), x.end());
    sent_ = compress_(x);
    rule_->commit_all(sent_.size(), ExactlySent<T>(sent_));
    return composed;
  }

  /// A whole step; returns the estimate.
  std::vector<T> step(const std::vector<T>& gradient, const StepContext& step = {}) {
    begin(gradient, step);
    rule_->accept();
    return absorb(sent_);
  }

  /// The end of a step as an absent rank sees it.
  std::vector<T> absorb(const std::vector<T>& mean) {
    std::vector<T> estimate(mean.size());
    rule_->absorb(0, mean, estimate);
    return estimate;
  }

  const std::vector<T>& sent() const { return sent_; }

  std::vector<T> state(std::string_view name) {
    for (const StateView<T>& state : rule_->states()) {
      if (state.name == name) return {state.values.begin(), state.values.end()};
    }
    return {};
  }

  /// All states one after the other.
  std::vector<T> states() {
    std::vector<T> all;
    for (const StateView<T>& state : rule_->states()) {
      all.insert(all.end(), state.values.begin(), state.values.end());
    }
    return all;
  }

 private:
  std::unique_ptr<Feedback<T>> rule_;
  Compress<T> compress_;
  std::vector<T> sent_;
};

}  // namespace pith::test
