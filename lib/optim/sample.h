// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <pith/core/random.h>

namespace pith {

/// Which of `ranks` ranks take part when `count` of them do: every set equally likely, and the same
/// for everybody who draws with the same key.
///
/// Throws   UsageError unless 1 <= count <= ranks.
std::vector<bool> sample_ranks(int ranks, int count, const RandomKey& key);

}  // namespace pith
