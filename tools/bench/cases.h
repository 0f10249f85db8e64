// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "options.h"

namespace pith::bench {

/// One way to exchange a tensor.
struct CollectiveCase {
  std::string compressor;  ///< as it was typed
  std::string feedback;
  std::string exchange;  ///< never natural; reduce_shards or gather_shards for shards

  bool operator==(const CollectiveCase&) const = default;
};

/// Compressors, rules and exchanges crossed. What is left out says why, a line each.
struct CrossedCases {
  std::vector<CollectiveCase> legal;  ///< none twice
  std::vector<std::string> left_out;
};

CrossedCases cross(const CollectiveOptions& options);

}  // namespace pith::bench
