// SPDX-License-Identifier: Apache-2.0
#include "sum_over_ranks.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace program {

void sum_over_ranks(pith::Communicator& world, std::span<double> values) {
  std::vector<double> all(values.size() * static_cast<std::size_t>(world.size()));
  world.all_gather(std::as_bytes(values), std::as_writable_bytes(std::span(all)));
  std::ranges::fill(values, 0.0);
  for (std::size_t i = 0; i < all.size(); ++i) values[i % values.size()] += all[i];
}

}  // namespace program
