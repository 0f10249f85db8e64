// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>

#include <pith/adaptive/policy.h>

namespace pith {

/// A candidate named for all layers: `standard`, `cheapest`, `accurate` (the cheapest of the most
/// accurate ones), or a spec that every layer has among its candidates.
///
/// Where the candidate's error is not finite, the most accurate legal one stands in for it; a layer
/// without a legal one keeps its current candidate, unless the level is `standard` or a spec.
class Level {
 public:
  explicit Level(Spec spec) : spec_(std::move(spec)) {}

  /// Throws   UsageError naming the layer that has no such candidate.
  Assignment assignment(const Measurements& measurements, std::span<const std::string> names) const;

 private:
  std::size_t candidate(const Measurements& measurements, std::size_t layer,
                        const std::string& name) const;

  Spec spec_;
};

/// The candidate of a layer that is written so.
/// Throws   UsageError with the layer's name and its candidates if there is none.
std::size_t candidate_of(const std::vector<Pipeline>& candidates, const Pipeline& wanted,
                         const std::string& name);

}  // namespace pith
