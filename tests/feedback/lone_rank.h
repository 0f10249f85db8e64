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
      : rule_(make_feedback<T>(parse_spec(spec), n, commit)), compress_(std::move(compress)) {
    carried_by({});
  }

  void carried_by(const Guarantee& guarantee) { rule_->carried_by(guarantee); }

  /// Composes and commits every message, but does not end the step. Returns what was composed as
  /// the first one.
  std::vector<T> begin(const std::vector<T>& gradient, const StepContext& step = {}) {
    std::vector<T> first;
    sent_.clear();
    for (int m = 0; m < rule_->messages(); ++m) {
      std::vector<T> scratch(gradient.size());
      const auto x = rule_->compose_all(m, gradient, step, scratch);
      if (m == 0) first.assign(x.begin(), x.end());
      sent_.push_back(compress_(x));
      rule_->commit_all(x.size(), ExactlySent<T>(sent_.back()));
    }
    return first;
  }

  /// A whole step; returns the estimate.
  std::vector<T> step(const std::vector<T>& gradient, const StepContext& step = {}) {
    begin(gradient, step);
    rule_->accept();
    return absorb(sent_);
  }

  /// The end of a step as an absent rank sees it: the mean of every message.
  std::vector<T> absorb(const std::vector<std::vector<T>>& means) {
    std::vector<T> estimate(means.front().size());
    int m = 0;
    for (const auto& mean : means) rule_->absorb(m++, mean, estimate);
    return estimate;
  }

  /// The same if all means are alike.
  std::vector<T> absorb(const std::vector<T>& mean) {
    const auto messages = static_cast<std::size_t>(rule_->messages());
    return absorb(std::vector<std::vector<T>>(messages, mean));
  }

  /// Message by message.
  const std::vector<std::vector<T>>& all_sent() const { return sent_; }
  const std::vector<T>& sent() const { return sent_.front(); }

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
  std::vector<std::vector<T>> sent_;
};

}  // namespace pith::test
