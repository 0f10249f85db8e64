// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataset.h"

namespace fashion_mnist {

/// How the training samples are dealt to the ranks: at random, so that all shards look alike, or
/// in the order of their labels, so that each rank sees only some classes.
enum class Split { random, sorted };

/// The samples of one rank, fixed for the whole run: the rank's block of size() / ranks samples in
/// the split's order. What does not divide evenly is left out.
std::vector<std::uint32_t> shard(const Dataset& data, Split split, std::uint64_t seed,
                                 std::size_t rank, std::size_t ranks);

}  // namespace fashion_mnist
