// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>
#include <pith/core/aligned.h>
#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/feedback/registry.h>

#include "codec.h"
#include "plain_step.h"

namespace pith::bench {

inline constexpr std::string_view kTensor = "gradient";

/// A contraction holds on average, but no single message of such a compressor loses more than there
/// is either.
inline bool loses_too_much(const Guarantee& guarantee, double relative_error) {
  constexpr double kRounding = 1e-6;
  return guarantee.contraction && !(relative_error <= 1 + kRounding);
}

/// What a codec of either kind holds: one unit with its rule, as an exchange sees it.
template <Element T>
struct CodecParts {
  CodecParts(const CodecCase& codec, Communicator& alone)
      : mean(codec.shape.elements()),
        rule(make_feedback<T>(parse_spec(codec.feedback), mean.size(), codec.commit)),
        round{alone, scratch} {
    if (rule->messages() > 1) {
      throw UsageError("codec: feedback " + codec.feedback + " sends two messages in a step; " +
                       "one is timed");
    }
    round.seed = codec.seed;
    unit.name = kTensor;
    unit.key = hash(kTensor);
    unit.elements = mean.size();
    unit.mean = mean;
    unit.feedback = rule.get();
  }

  std::span<Unit<T>> begin_step(std::span<const T> gradient) {
    scratch.clear();
    unit.gradient = gradient;
    unit.cost = {};
    return {&unit, 1};
  }

  /// Throws   Error if the step went wrong.
  void end_step() {
    if (!round.faults.empty()) throw Error(round.faults.front().text);
    rule->accept();
    ++round.step.step;
  }

  StepStart<T> start() const {
    return {copied(rule->states()), {}, round.step, {round.seed, unit.key, round.step.step, 0}};
  }

  AlignedVector<T> mean;
  std::unique_ptr<Feedback<T>> rule;
  Scratch scratch;
  Round round;
  Unit<T> unit;
};

}  // namespace pith::bench
