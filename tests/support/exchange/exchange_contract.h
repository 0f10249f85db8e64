// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/comm/communicator.h>

#include "support/exchange/legal_cases.h"

// What every legal combination promises, on the ranks of any communicator: called on all ranks at
// once, checked with GoogleTest expectations.
namespace pith::test {

/// The sizes at which it is checked: nothing, one element, odd, more than one block of everything.
inline constexpr std::size_t kContractSizes[] = {0, 1, 333, PITH_MANY_ELEMENTS};

/// Those of a case: variations of a rule have met their loops' blocks with the rule itself.
inline std::span<const std::size_t> contract_sizes(const LegalCase& legal) {
  return std::span(kContractSizes).first(is_variation(legal.feedback) ? 3 : 4);
}

/// After every step all ranks hold the same bits, and they are finite.
void replicas_are_equal(Communicator& communicator, const LegalCase& legal, std::size_t n,
                        int steps);

/// The bytes counted at the communicator in one step, and those of this rank's own messages, are
/// what the exchange's documentation says.
void bytes_follow_the_formula(Communicator& communicator, const LegalCase& legal, std::size_t n);

/// A NaN on one rank: every rank skips the step, no state changes on any rank, and the steps after
/// it give what they would have given without it.
void a_nan_changes_nothing(Communicator& communicator, const LegalCase& legal, std::size_t n);

/// Only the states, in float: for sizes at which many steps take long.
void a_nan_leaves_every_state(Communicator& communicator, const LegalCase& legal, std::size_t n);

}  // namespace pith::test
