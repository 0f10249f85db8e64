// SPDX-License-Identifier: Apache-2.0
#include "shard.h"

#include <algorithm>
#include <numeric>

#include <pith/core/hash.h>

#include "program/shuffle.h"

namespace fashion_mnist {

std::vector<std::uint32_t> shard(const Dataset& data, Split split, std::uint64_t seed,
                                 std::size_t rank, std::size_t ranks) {
  std::vector<std::uint32_t> order(data.size());
  std::iota(order.begin(), order.end(), 0u);
  if (split == Split::random) {
    program::shuffle(order, {.seed = seed, .tensor = pith::hash("shards")});
  } else {
    std::ranges::stable_sort(order, {}, [&](std::uint32_t i) { return data.labels[i]; });
  }
  const std::size_t size = data.size() / ranks;
  const auto begin = order.begin() + static_cast<std::ptrdiff_t>(rank * size);
  return {begin, begin + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace fashion_mnist
