// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pith {

/// What each candidate would do to one layer: a compressed unit, which may be a tensor, a bucket or
/// the whole model. Layers may differ in their candidates and in the number of them.
///
/// A candidate is legal if its error is finite. Where a candidate is wanted that is not, the most
/// accurate one of the layer stands in for it.
struct Candidates {
  std::vector<double> squared_errors;  ///< of gradient plus residual, L2, mean over the ranks
  std::vector<std::uint64_t> costs;    ///< wire bytes, or nanoseconds, of a step
  std::size_t standard = 0;            ///< the one that the uniform setting gives this layer
};

/// Layer by layer, the candidate.
using Assignment = std::vector<std::size_t>;

}  // namespace pith
