// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

#include <pith/reducer/options.h>

namespace pith {

/// Options whose treatment is a rule's for all tensors, which no environment variable beats:
/// another feedback is another method.
inline ReducerOptions with_rule(TensorRule rule, std::uint64_t seed) {
  ReducerOptions options;
  options.seed = seed;
  options.rules = {std::move(rule)};
  return options;
}

/// Nothing is compressed.
inline ReducerOptions uncompressed() {
  return with_rule({.compressor = "none", .feedback = "none", .exchange = "raw"}, 0);
}

}  // namespace pith
