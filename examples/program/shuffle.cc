// SPDX-License-Identifier: Apache-2.0
#include "shuffle.h"

#include <algorithm>
#include <cstddef>

namespace program {

void shuffle(std::span<std::uint32_t> indices, const pith::RandomKey& key) {
  const pith::Random random(key);
  for (std::size_t i = indices.size(); i > 1; --i) {
    std::swap(indices[i - 1], indices[random.below(i, i)]);
  }
}

}  // namespace program
