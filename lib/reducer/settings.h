// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <pith/collectives/legal.h>
#include <pith/core/spec.h>
#include <pith/reducer/options.h>

namespace pith {

/// What one tensor is treated with.
struct Treatment {
  Schedule compressor;
  Spec feedback;
  std::optional<Exchange> exchange;       ///< empty: the natural one of the compressor
  bool any_exchange = false;              ///< or the fastest one
  std::optional<Pipeline> fallback = {};  ///< of units in danger
};

/// Options, parsed and checked, with the environment applied.
struct Settings {
  ReducerOptions options;
  Treatment treatment;           ///< of tensors that no rule matches
  std::vector<Treatment> rules;  ///< of options.rules, one by one

  /// The rule that holds for a tensor, or null.
  const TensorRule* rule_for(const std::string& name, std::size_t elements,
                             std::size_t dimensions) const;

  /// Everything that must be equal on all ranks, one line each.
  std::string text() const;
};

/// Parses the specs of one treatment and builds each compressor and rule once on a small matrix to
/// check its arguments. An empty fallback is none. Throws UsageError that names what is wrong.
Treatment parse_treatment(const std::string& compressor, const std::string& feedback,
                          const std::string& exchange, const std::string& fallback = {});

/// Parses every spec and rule, builds each compressor and rule once on a small matrix to check its
/// arguments, and warns about unknown PITH_ names.
/// Throws   UsageError that names the option and its value.
Settings resolve(ReducerOptions options);

}  // namespace pith
