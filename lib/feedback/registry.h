// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include <pith/core/spec.h>
#include <pith/feedback/feedback.h>

namespace pith {

/// One rule by name.
struct FeedbackEntry {
  std::string_view name;   ///< as in a spec
  std::string_view owner;  ///< spec of the rule of a shard's owner in the sharded exchange
  bool exact_is_mean;  ///< uncompressed, the estimate is the plain mean: the rule may be left out
  bool differences;   ///< sends differences of a state, whose mean is over present and absent ranks
  bool momentum;      ///< its estimate carries momentum: the optimizer needs none
  bool any_variance;  ///< takes compressors that only add noise, however much (most_variance())
  int messages;       ///< that a rank sends in a step
  int vectors_inplace;      ///< n-element states per rank with Commit::inplace
  int vectors_step;         ///< and with Commit::step
  std::string_view source;  ///< where it was published
};

/// Whether the rule keeps nothing of what was sent exactly: then it may be left out from the next
/// step on, for as long as nothing is compressed.
inline bool keeps_nothing_sent(const FeedbackEntry& rule) {
  return rule.exact_is_mean && !rule.differences;
}

std::span<const FeedbackEntry> feedback_rules();

/// The entry of that name; throws UsageError with the nearest known one.
const FeedbackEntry& feedback_rule(std::string_view name);

/// The rule of a shard's owner where the ranks' rule is `rule`.
Spec owner_rule(const Spec& rule);

/// Compressors of this variance or more, and of this bias, that contract nothing make what the rule
/// keeps grow without bound. With k = 1 - bias it is k (2 / lambda - k) for a rule whose state
/// follows by lambda times what is sent: then (1 - lambda k)^2 + lambda^2 variance < 1. lambda is 1
/// for those that follow by all of it. Infinity for those that keep nothing, or choose lambda by
/// the compressor and k is above 0.
double most_variance(const Spec& rule, double bias = 0);

/// Builds the rule that `spec` describes for a tensor, or an element range, of n elements; or for
/// what a rank sends and receives of one where these differ.
/// Throws UsageError for unknown names and arguments and values out of range.
template <Element T>
std::unique_ptr<Feedback<T>> make_feedback(const Spec& spec, Extent n, Commit commit);

}  // namespace pith
