// SPDX-License-Identifier: Apache-2.0
#include "plain_step.h"

#include <algorithm>

#include <pith/compressors/registry.h>
#include <pith/feedback/registry.h>

namespace pith::bench {
namespace {

template <Element T>
void restore(const std::vector<std::vector<T>>& values, const std::vector<StateView<T>>& states) {
  for (std::size_t s = 0; s < states.size(); ++s) {
    std::ranges::copy(values[s], states[s].values.begin());
  }
}

// A rule in the state that the step begins with, and the memory that it may compose in.
template <Element T>
class PlainRule {
 public:
  PlainRule(const CodecCase& codec, const StepStart<T>& start)
      : rule_(
            make_feedback<T>(parse_spec(codec.feedback), codec.shape.elements(), Commit::inplace)),
        memory_(codec.shape.elements()),
        context_(start.context) {
    restore(start.rule, rule_->states());
  }

  void compose(std::span<const T> gradient, const Guarantee& guarantee, PlainStep<T>& step) {
    context_.guarantee = guarantee;
    const auto x = rule_->compose_all(0, gradient, context_, memory_);
    step.composed.assign(x.begin(), x.end());
    step.guarantee = guarantee;
  }

  void commit(const Decoded<T>& sent, PlainStep<T>& step) {
    rule_->commit_all(step.sent.size(), sent);
    rule_->accept();
    step.states = copied(rule_->states());
  }

 private:
  std::unique_ptr<Feedback<T>> rule_;
  std::vector<T> memory_;
  StepContext context_;
};

}  // namespace

template <Element T>
std::vector<std::vector<T>> copied(const std::vector<StateView<T>>& states) {
  std::vector<std::vector<T>> values;
  for (const StateView<T>& state : states) {
    values.emplace_back(state.values.begin(), state.values.end());
  }
  return values;
}

template <Element T>
PlainStep<T> plain_message_step(const CodecCase& codec, const StepStart<T>& start,
                                std::span<const T> gradient) {
  const std::size_t n = gradient.size();
  const auto compressor = make_message<T>(parse_pipeline(codec.compressor), codec.shape);
  PlainRule<T> rule(codec, start);
  PlainStep<T> step;
  rule.compose(gradient, compressor->guarantee(n), step);
  Scratch scratch;
  const std::size_t cuts[] = {0, n};
  std::size_t size = 0;
  step.payload.resize(compressor->max_wire_bytes(n, 1));
  compressor->encode(step.composed, cuts, start.key, {step.payload, {&size, 1}}, scratch);
  step.payload.resize(size);
  step.sent.resize(n);
  compressor->decode_axpy(T(1), {step.payload, 0}, step.sent, scratch);
  rule.commit(compressor->open({step.payload, 0}, n, scratch), step);
  return step;
}

template <Element T>
PlainStep<T> plain_linear_step(const CodecCase& codec, const StepStart<T>& start,
                               std::span<const T> gradient) {
  const std::size_t n = gradient.size();
  const auto compressor = make_linear<T>(parse_pipeline(codec.compressor), codec.shape);
  restore(start.compressor, compressor->states());
  PlainRule<T> rule(codec, start);
  PlainStep<T> step;
  rule.compose(gradient, compressor->guarantee(), step);
  Scratch scratch;
  for (int round = 0; round < compressor->rounds(); ++round) {
    const auto factor = scratch.take<T>(compressor->factor_elements(round));
    compressor->factor(round, step.composed, start.key, factor, scratch);
  }
  step.sent.resize(n);
  compressor->own().axpy(T(1), 0, step.sent);
  step.decoded.resize(n);
  compressor->reconstruction().axpy(T(1), 0, step.decoded);
  rule.commit(compressor->own(), step);
  return step;
}

#define PITH_INSTANTIATE(T)                                                       \
  template std::vector<std::vector<T>> copied(const std::vector<StateView<T>>&);  \
  template PlainStep<T> plain_message_step(const CodecCase&, const StepStart<T>&, \
                                           std::span<const T>);                   \
  template PlainStep<T> plain_linear_step(const CodecCase&, const StepStart<T>&,  \
                                          std::span<const T>);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith::bench
