// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>

#include <pith/core/error.h>
#include <pith/optim/sample.h>

namespace pith {

std::vector<bool> sample_ranks(int ranks, int count, const RandomKey& key) {
  if (count < 1 || count > ranks) {
    throw UsageError("sample_ranks: " + std::to_string(count) + " of " + std::to_string(ranks) +
                     " ranks: must be from 1 to all of them");
  }
  const Random random(key);
  const auto size = static_cast<std::size_t>(ranks);
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<bool> sampled(size);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    std::swap(order[i], order[i + static_cast<std::size_t>(random.below(size - i, i))]);
    sampled[order[i]] = true;
  }
  return sampled;
}

}  // namespace pith
