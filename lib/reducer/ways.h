// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <pith/compressors/guarantee.h>
#include <pith/reducer/choice.h>
#include <pith/reducer/layout.h>

// In which ways a unit may travel without harm to what feedback rules keep.
namespace pith {

/// What the compressor promises for the unit; over the sparse exchange, where the other ranks
/// decide what is kept, only its noise. Throws UsageError if it does not fit the unit's shape.
Guarantee guarantee_for(const Choice& choice, const UnitPlan& unit);

/// Throws UsageError if the way, which promises `guarantee`, has more noise than the rule of the
/// unit, or that of owners, bears: no contraction, and a variance of most_variance() or more.
void check_noise(const UnitPlan& unit, const Choice& choice, const Guarantee& guarantee,
                 Owners owners);

/// choices() of a pipeline. With exchange=auto those that check_noise() refuses are left out, but
/// for compressors of which nothing would be left; those of adaptive(...), but for its standard.
std::vector<Choice> ways_of(const UnitPlan& unit, const Pipeline& pipeline, Owners owners);

}  // namespace pith
