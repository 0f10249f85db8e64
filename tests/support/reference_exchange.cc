// SPDX-License-Identifier: Apache-2.0
#include "reference_exchange.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <pith/compressors/registry.h>
#include <pith/core/half.h>
#include <pith/core/hash.h>
#include <pith/feedback/registry.h>

namespace pith::test {
namespace {

constexpr std::uint64_t kOwner = 0x6f776e6572;  // "owner", which keys an owner's random numbers

template <Element T>
void add(const std::vector<T>& x, std::vector<T>& sum) {
  for (std::size_t i = 0; i < x.size(); ++i) sum[i] = sum[i] + x[i];
}

template <Element T>
void divide(std::size_t divisor, std::vector<T>& x) {
  for (T& value : x) value = value / static_cast<T>(divisor);
}

template <Element T>
T rounded(T value, ElementType type) {
  const auto narrow = static_cast<float>(value);
  if (type == ElementType::bfloat16) return static_cast<T>(to_float(to_bfloat16(narrow)));
  return static_cast<T>(to_float(to_half(std::clamp(narrow, -65504.0f, 65504.0f))));
}

/// What others get when they decode one rank's message of x, cut in segments at `cuts`.
template <Element T>
std::vector<T> sent_and_decoded(MessageCompressor<T>& compressor, const std::vector<T>& x,
                                const std::vector<std::size_t>& cuts, const RandomKey& key) {
  Scratch scratch;
  std::vector<std::size_t> sizes(cuts.size() - 1);
  std::vector<std::byte> bytes(compressor.max_wire_bytes(x.size(), sizes.size()));
  compressor.encode(x, cuts, key, {bytes, sizes}, scratch);
  std::vector<T> decoded(x.size());
  std::size_t start = 0;
  for (std::size_t s = 0; s < sizes.size(); ++s) {
    const auto part = std::span(decoded).subspan(cuts[s], cuts[s + 1] - cuts[s]);
    const auto payload = std::span<const std::byte>(bytes).subspan(start, sizes[s]);
    if (!part.empty()) compressor.decode_axpy(T(1), {payload, cuts[s]}, part, scratch);
    start += sizes[s];
  }
  return decoded;
}

/// The indices that a message of x has entries at.
template <Element T>
Support support_of(MessageCompressor<T>& compressor, const std::vector<T>& x,
                   const RandomKey& key) {
  Scratch scratch;
  std::vector<std::size_t> sizes(1);
  std::vector<std::byte> bytes(compressor.max_wire_bytes(x.size(), 1));
  const std::size_t cuts[] = {0, x.size()};
  compressor.encode(x, cuts, key, {bytes, sizes}, scratch);
  Support support;
  const Segment segment{std::span<const std::byte>(bytes).first(sizes[0]), 0};
  dynamic_cast<SparseCompressor<T>&>(compressor)
      .visit(segment, x.size(), scratch, [&](std::size_t index, T) { support.push_back(index); });
  return support;
}

// A message of what is not zero, with the indices of this spec and exact values.
template <Element T>
std::size_t exact_bytes(const Spec& spec, const std::vector<T>& x) {
  Spec exact = parse_spec("threshold(value=5e-324)");
  for (const Argument& argument : spec.arguments) {
    if (argument.key == "index") exact.arguments.push_back(argument);
  }
  const auto compressor = make_message<T>({exact}, Shape::flat(x.size()));
  Scratch scratch;
  std::vector<std::size_t> sizes(1);
  std::vector<std::byte> bytes(compressor->max_wire_bytes(x.size(), 1));
  const std::size_t cuts[] = {0, x.size()};
  return compressor->encode(x, cuts, {}, {bytes, sizes}, scratch);
}

// x with zeros for all but the `most` elements of largest magnitude.
template <Element T>
std::vector<T> only_largest(const std::vector<T>& x, std::size_t most) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](auto a, auto b) { return std::abs(x[a]) > std::abs(x[b]); });
  std::vector<T> kept(x.size());
  for (std::size_t i = 0; i < std::min(most, x.size()); ++i) kept[order[i]] = x[order[i]];
  return kept;
}

/// A message of some elements, none of which is zero.
template <Element T>
class SentEntries final : public Decoded<T> {
 public:
  explicit SentEntries(const std::vector<T>& x) : x_(x) {}

  void axpy(T a, std::size_t first, std::span<T> y) const override {
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += a * x_[first + i];
  }

  void clear(std::size_t first, std::span<T> y) const override {
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = x_[first + i] == T(0) ? y[i] : T(0);
  }

 private:
  const std::vector<T>& x_;
};

template <Element T>
void commit_message(const MessageCompressor<T>& compressor, const std::vector<T>& sent,
                    Feedback<T>& rule) {
  if (dynamic_cast<const SparseCompressor<T>*>(&compressor)) {
    rule.commit_all(sent.size(), SentEntries<T>(sent));
  } else {
    rule.commit_all(sent.size(), ExactlySent<T>(sent));
  }
}

}  // namespace

template <Element T>
ReferenceExchange<T>::ReferenceExchange(const ReferenceCase& what)
    : what_(what), n_(what.shape.elements()) {
  for (std::size_t r = 0; r < what.ranks; ++r) ranks_.push_back(make_rank(r));
}

template <Element T>
auto ReferenceExchange<T>::make_rank(std::size_t rank) const -> Rank {
  Rank made;
  const bool gathers = what_.exchange == "gather_shards";
  const std::size_t owned = cut(rank + 1) - cut(rank);
  const std::size_t n = gathers ? owned : n_;
  made.memory.resize(n);
  made.rule = make_feedback<T>(parse_spec(what_.feedback), n, Commit::inplace);
  if (what_.compressor == "none") return made;
  const Pipeline pipeline = parse_pipeline(what_.compressor);
  const auto messages = static_cast<std::size_t>(made.rule->messages());
  if (what_.exchange == "raw" || what_.exchange == "linear") {
    for (std::size_t m = 0; m < messages; ++m) {
      made.linear.push_back(make_linear<T>(pipeline, what_.shape));
    }
    made.rule->carried_by(made.linear.front()->guarantee());
    return made;
  }
  made.message = make_message<T>(pipeline, gathers ? Shape::flat(n) : what_.shape);
  made.rule->carried_by(made.message->guarantee(n));
  if (what_.exchange != "sharded") return made;
  const auto owner = feedback_rule(parse_spec(what_.feedback).name).owner;
  for (std::size_t m = 0; m < messages; ++m) {
    made.owner_rule.push_back(make_feedback<T>(parse_spec(owner), owned, Commit::inplace));
  }
  made.owner_message = make_message<T>(pipeline, Shape::flat(owned));
  return made;
}

template <Element T>
std::vector<StateView<T>> ReferenceExchange<T>::states(std::size_t rank) {
  auto all = ranks_[rank].rule->states();
  const auto append = [&](const std::vector<StateView<T>>& more, const std::string& prefix) {
    for (const StateView<T>& state : more) {
      all.push_back(state);
      all.back().name = prefix + state.name;
    }
  };
  std::string prefix;
  for (const auto& linear : ranks_[rank].linear) {
    append(linear->states(), std::exchange(prefix, "second_"));
  }
  for (const auto& rule : ranks_[rank].owner_rule) {
    append(rule->states(), std::exchange(prefix, "second_") + "owner_");
  }
  return all;
}

template <Element T>
std::vector<T> ReferenceExchange<T>::step(const std::vector<Vector>& gradients,
                                          const StepContext& context) {
  context_ = context;
  if (what_.exchange == "gather_shards") return gathered(gradients);
  const auto messages = static_cast<std::size_t>(ranks_.front().rule->messages());
  std::vector<Vector> means;
  for (message_ = 0; message_ < messages; ++message_) means.push_back(mean_of(gradients));
  Vector estimate(n_);
  for (Rank& rank : ranks_) {
    rank.rule->accept();
    for (const auto& rule : rank.owner_rule) rule->accept();
    for (std::size_t m = 0; m < messages; ++m) {
      rank.rule->absorb(static_cast<int>(m), means[m], estimate);
    }
  }
  return estimate;
}

template <Element T>
std::vector<T> ReferenceExchange<T>::mean_of(const std::vector<Vector>& gradients) {
  if (what_.compressor == "none") return mean_of_raw(gradients);
  if (what_.exchange == "gather") return mean_of_messages(gradients, false);
  if (what_.exchange == "reduce_shards") return mean_of_messages(gradients, true);
  if (what_.exchange == "sharded") return recompressed(mean_of_messages(gradients, true));
  if (what_.exchange == "sparse") return mean_of_entries(gradients);
  return mean_of_linear(gradients);
}

template <Element T>
void ReferenceExchange<T>::compose(const Vector& gradient, const Guarantee& guarantee, bool exact,
                                   Rank& rank) {
  StepContext context = context_;
  context.guarantee = guarantee;
  context.exact = exact;
  const auto x = rank.rule->compose_all(static_cast<int>(message_), gradient, context, rank.memory);
  rank.composed.assign(x.begin(), x.end());
}

template <Element T>
RandomKey ReferenceExchange<T>::key(std::size_t rank, bool owner) const {
  const std::uint64_t tensor = hash(what_.tensor) ^ (owner ? kOwner : 0);
  return {what_.seed, tensor + message_, context_.step, static_cast<std::uint32_t>(rank)};
}

template <Element T>
std::size_t ReferenceExchange<T>::cut(std::size_t segment) const {
  return n_ * segment / what_.ranks;
}

template <Element T>
std::vector<T> ReferenceExchange<T>::mean_of_raw(const std::vector<Vector>& gradients) {
  Vector sum(n_);
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    compose(gradients[r], {}, true, ranks_[r]);
    add(ranks_[r].composed, sum);
    ranks_[r].rule->commit_all(n_, ExactlySent<T>(ranks_[r].composed));
  }
  divide(ranks_.size(), sum);
  return sum;
}

template <Element T>
std::vector<T> ReferenceExchange<T>::mean_of_messages(const std::vector<Vector>& gradients,
                                                      bool cut_in_shards) {
  std::vector<std::size_t> cuts{0};
  for (std::size_t s = 1; cut_in_shards && s < ranks_.size(); ++s) cuts.push_back(cut(s));
  cuts.push_back(n_);
  Vector sum(n_);
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    Rank& rank = ranks_[r];
    compose(gradients[r], rank.message->guarantee(n_), false, rank);
    const Vector decoded = sent_and_decoded(*rank.message, rank.composed, cuts, key(r, false));
    add(decoded, sum);
    commit_message(*rank.message, decoded, *rank.rule);
  }
  divide(ranks_.size(), sum);
  return sum;
}

// Every owner keeps the largest of its region.
template <Element T>
std::vector<T> ReferenceExchange<T>::mean_of_entries(const std::vector<Vector>& gradients) {
  std::vector<Support> supports;
  std::vector<Vector> sent;
  Vector sum(n_);
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    Rank& rank = ranks_[r];
    compose(gradients[r], {}, false, rank);
    supports.push_back(support_of(*rank.message, rank.composed, key(r, false)));
    sent.push_back(sent_and_decoded(*rank.message, rank.composed, {0, n_}, key(r, false)));
    add(sent.back(), sum);
  }
  divide(ranks_.size(), sum);
  const Vector mean = survivors(sum, supports);
  commit_surviving(mean, sent);
  return mean;
}

template <Element T>
std::vector<T> ReferenceExchange<T>::survivors(const Vector& mean,
                                               const std::vector<Support>& supports) const {
  const auto cuts = reference_cuts(supports, n_);
  const Spec spec = parse_pipeline(what_.compressor).front();
  Vector joined;
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    const Vector region(mean.data() + cuts[r], mean.data() + cuts[r + 1]);
    const Vector largest = only_largest(region, reference_budget(supports));
    const std::size_t dense = (region.size() * sizeof(T) + 15) / 16 * 16;
    const bool sparse = !region.empty() && exact_bytes(spec, largest) < dense;
    const Vector& kept = sparse ? largest : region;
    joined.insert(joined.end(), kept.begin(), kept.end());
  }
  return joined;
}

// What no owner kept was not sent.
template <Element T>
void ReferenceExchange<T>::commit_surviving(const Vector& mean, const std::vector<Vector>& sent) {
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    Vector kept = sent[r];
    for (std::size_t i = 0; i < n_; ++i) {
      if (mean[i] == T(0)) kept[i] = T(0);
    }
    commit_message(*ranks_[r].message, kept, *ranks_[r].rule);
  }
}

// What all ranks decode of a rank's shard, sent under this rule.
template <Element T>
std::vector<T> ReferenceExchange<T>::sent_of_shard(std::size_t rank, const Vector& shard,
                                                   Feedback<T>& rule, int number,
                                                   MessageCompressor<T>* message) {
  StepContext context = context_;
  if (message) context.guarantee = message->guarantee(shard.size());
  context.exact = !message;
  Vector memory(shard.size());
  const auto x = rule.compose_all(number, shard, context, memory);
  Vector sent(x.begin(), x.end());
  if (message) sent = sent_and_decoded(*message, sent, {0, shard.size()}, key(rank, true));
  rule.commit_all(shard.size(), ExactlySent<T>(sent));
  return sent;
}

// Every owner sends its shard of the mean under its own rule.
template <Element T>
std::vector<T> ReferenceExchange<T>::recompressed(const Vector& mean) {
  Vector joined;
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    const Vector shard(mean.data() + cut(r), mean.data() + cut(r + 1));
    Rank& rank = ranks_[r];
    Feedback<T>& rule = *rank.owner_rule[message_];
    const auto sent = sent_of_shard(r, shard, rule, 0, rank.owner_message.get());
    joined.insert(joined.end(), sent.begin(), sent.end());
  }
  return joined;
}

// Every rank sends its shard under its rule, which takes in what was sent.
template <Element T>
std::vector<T> ReferenceExchange<T>::gathered(const std::vector<Vector>& shards) {
  Vector joined;
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    Feedback<T>& rule = *ranks_[r].rule;
    const auto messages = static_cast<std::size_t>(rule.messages());
    std::vector<Vector> sent;
    for (message_ = 0; message_ < messages; ++message_) {
      const int number = static_cast<int>(message_);
      sent.push_back(sent_of_shard(r, shards[r], rule, number, ranks_[r].message.get()));
    }
    rule.accept();
    Vector shard(shards[r].size());
    for (std::size_t m = 0; m < messages; ++m) rule.absorb(static_cast<int>(m), sent[m], shard);
    joined.insert(joined.end(), shard.begin(), shard.end());
  }
  return joined;
}

template <Element T>
void ReferenceExchange<T>::average(std::vector<Vector>& factors, ElementType type) const {
  Vector sum(factors.front().size());
  for (const Vector& factor : factors) add(factor, sum);
  divide(factors.size(), sum);
  if (type != element_type<T>) {
    for (T& value : sum) value = rounded(value, type);
  }
  for (Vector& factor : factors) std::ranges::copy(sum, factor.begin());
}

template <Element T>
std::vector<T> ReferenceExchange<T>::mean_of_linear(const std::vector<Vector>& gradients) {
  Scratch scratch;
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    compose(gradients[r], ranks_[r].linear[message_]->guarantee(), false, ranks_[r]);
  }
  const LinearCompressor<T>& any = *ranks_.front().linear[message_];
  std::vector<std::vector<Vector>> rounds;  // factors stay where they are until accept()
  for (int round = 0; round < any.rounds(); ++round) {
    auto& factors = rounds.emplace_back(ranks_.size(), Vector(any.factor_elements(round)));
    for (std::size_t r = 0; r < ranks_.size(); ++r) {
      LinearCompressor<T>& linear = *ranks_[r].linear[message_];
      linear.factor(round, ranks_[r].composed, key(r, false), factors[r], scratch);
    }
    average(factors, any.factor_type());
  }
  for (Rank& rank : ranks_) {
    Vector own(n_);
    rank.linear[message_]->own().axpy(T(1), 0, own);
    rank.rule->commit_all(n_, ExactlySent<T>(own));
  }
  Vector mean(n_);
  any.reconstruction().axpy(T(1), 0, mean);
  for (Rank& rank : ranks_) rank.linear[message_]->accept();
  return mean;
}

template class ReferenceExchange<float>;
template class ReferenceExchange<double>;

}  // namespace pith::test
