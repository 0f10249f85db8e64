// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <pith/core/element.h>
#include <pith/core/random.h>
#include <pith/core/state.h>
#include <pith/feedback/feedback.h>

#include "codec.h"

// A step by plain calls of a rule and a compressor, in the order that their headers ask for. The
// paths that are timed may fuse and reorder; this is what they are compared with.
namespace pith::bench {

/// What a step begins with.
template <Element T>
struct StepStart {
  std::vector<std::vector<T>> rule;        ///< states() of the rule, copied
  std::vector<std::vector<T>> compressor;  ///< and of a linear compressor
  StepContext context;                     ///< guarantee is filled in
  RandomKey key;
};

/// What it ends with.
template <Element T>
struct PlainStep {
  std::vector<std::byte> payload;  ///< empty for the linear kind
  std::vector<T> composed;
  std::vector<T> sent;     ///< what others use of this rank's message
  std::vector<T> decoded;  ///< linear kind: what is reconstructed from the averages
  std::vector<std::vector<T>> states;
  Guarantee guarantee;
};

template <Element T>
std::vector<std::vector<T>> copied(const std::vector<StateView<T>>& states);

template <Element T>
PlainStep<T> plain_message_step(const CodecCase& codec, const StepStart<T>& start,
                                std::span<const T> gradient);

/// With one rank, so the average of a factor is the factor.
template <Element T>
PlainStep<T> plain_linear_step(const CodecCase& codec, const StepStart<T>& start,
                               std::span<const T> gradient);

}  // namespace pith::bench
