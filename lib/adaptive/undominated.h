// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <pith/adaptive/candidates.h>

namespace pith {

/// How the errors of layers add up: as squared norms, which gives that of the whole model's error,
/// or as norms, as the published code does.
enum class Norm { squared, plain };

/// A legal candidate of a layer.
struct LegalCandidate {
  std::size_t candidate = 0;
  double error = 0;  ///< in the norm asked for
  std::uint64_t cost = 0;
};

/// What is wrong with these candidates, to follow a layer's name: none at all, as many errors as
/// costs missing, a negative error, a standard that is none of them. Empty if they are right.
std::string fault_of(const LayerCandidates& candidates);

/// The legal candidates that no other one beats or equals in both error and cost, the most accurate
/// first: errors grow, costs fall. Of equal ones the first stays. Empty if none is legal.
std::vector<LegalCandidate> undominated(const LayerCandidates& candidates, Norm norm);

/// `wanted`, or the most accurate legal candidate (the cheapest, then first of these) if `wanted`
/// is not legal and another is.
std::size_t legal(const LayerCandidates& candidates, std::size_t wanted);

/// The error of a candidate in a norm; 0 if it is not finite.
double error_of(const LayerCandidates& candidates, std::size_t candidate, Norm norm);

}  // namespace pith
