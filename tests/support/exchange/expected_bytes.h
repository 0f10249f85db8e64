// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "support/exchange/legal_cases.h"

namespace pith::test {

/// What one step of one tensor costs a rank, written down from the documentation.
struct ExpectedBytes {
  std::size_t wire = 0;       ///< counted at the communicator, agreement and signature included
  bool wire_is_known = true;  ///< false: an owner's threshold lets through what the data decides
  std::size_t messages = 0;   ///< of the rank's own, agreement included
};

/// For the first step of a reducer with one float tensor of n elements, seen as nearly_square(n).
ExpectedBytes expected_bytes(const LegalCase& legal, std::size_t n, std::size_t ranks,
                             std::size_t rank);

/// What the first call of reduce_scatter_mean() or all_gather() under a name costs a rank at the
/// communicator, for n floats in all: x, or the rank's shard, is gradient<float>(size, 0, rank).
std::size_t expected_reduce_scatter_bytes(const LegalCase& legal, std::size_t n, std::size_t ranks,
                                          std::size_t rank);
std::size_t expected_all_gather_bytes(const LegalCase& legal, std::size_t n, std::size_t ranks,
                                      std::size_t rank);

}  // namespace pith::test
