// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/core/state.h>
#include <pith/reducer/sharded_calls.h>

#include "support/exchange/legal_cases.h"
#include "support/exchange/trajectory.h"

// What reduce_scatter_mean() and all_gather() promise for every compressor and rule, on the ranks
// of any communicator: called on all ranks at once, checked with GoogleTest expectations.
namespace pith::test {

/// Every message compressor, and none, with every rule.
std::vector<LegalCase> sharded_cases();

/// Those that all_gather() takes: with rules that give what is sent itself.
std::vector<LegalCase> gathered_cases();
bool can_gather(const LegalCase& legal);

/// Elements of this rank's shard.
std::size_t shard_size(const Communicator& communicator, std::size_t n);

/// After every call of all_gather() all ranks hold the same bits.
void gathered_shards_are_equal(Communicator& communicator, const LegalCase& legal, std::size_t n,
                               int steps);

/// The bytes counted at the communicator in a call are what the documentation says.
void sharded_bytes_follow_the_formula(Communicator& communicator, const LegalCase& legal,
                                      std::size_t n);

/// A NaN on one rank: both calls return false on every rank and write nothing, no state changes,
/// and the calls after it give what they would have given without it. n > 0.
void a_nan_changes_no_shard(Communicator& communicator, const LegalCase& legal, std::size_t n);

/// Ranks of which one knows a name and another does not, or which are about to move shards in
/// different ways: all are told, and the calls after it count. Two ranks at least.
void calls_in_different_orders_are_refused(Communicator& communicator);

}  // namespace pith::test
