// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <pith/adaptive/policy.h>
#include <pith/core/spec.h>

namespace pith {

/// A compressor that is chosen layer by layer, and anew as training goes on:
///
///   adaptive(STANDARD, CANDIDATE, ...,
///            policy=lgreco,      who chooses, and within what budget (docs/adaptive.md)
///            every=500,          steps between choices; the first one is made after `steps`
///            steps=10,           of which so many, the last ones, are measured
///            objective=bytes,    what is saved: bytes on the wire, or time, as auto predicts it
///            one_in=64)          a measured step reads one run of so many; 1: all of them
///
/// The standard is what a uniform setting would give every layer; it holds until the first choice.
/// Without candidates they are the standard's family: with density=D, 17 from D/10 to 10 D; with
/// rank=R, R/4 to 4 R, at most 65 of them; with bits=B, 2 to 8. Those whose noise the rule does not
/// bear are left out.
struct AdaptiveSpec {
  std::vector<Pipeline> candidates;  ///< the standard is the first
  Spec policy;
  std::uint64_t every = 500;
  std::uint64_t steps = 10;
  CostUnit objective = CostUnit::bytes;
  std::size_t one_in = 64;

  /// Ages, in steps since the spec came to hold: a choice is due before the step of this age, or
  /// the step is measured.
  bool due(std::uint64_t age) const { return age == steps || (age > 0 && age % every == 0); }
  bool measures(std::uint64_t age) const { return age < steps || age % every >= every - steps; }
};

bool is_adaptive(const Pipeline& pipeline);

/// Throws   UsageError for unknown arguments and values out of range, and without a standard.
AdaptiveSpec read_adaptive(const Pipeline& pipeline);

/// The same pipeline with all candidates in it. Throws UsageError as read_adaptive(), and if there
/// is only a standard that has none of density, rank and bits.
Pipeline with_candidates(const Pipeline& pipeline);

}  // namespace pith
