// SPDX-License-Identifier: Apache-2.0
#include "evaluate.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <vector>

#include "program/sum_over_ranks.h"

namespace fashion_mnist {
namespace {

constexpr std::size_t kBatch = 250;

}  // namespace

Score evaluate(Model& model, const Dataset& data, std::size_t samples, pith::Communicator& world) {
  samples = std::min(samples, data.size());
  const auto rank = static_cast<std::size_t>(world.rank());
  const auto ranks = static_cast<std::size_t>(world.size());
  std::size_t begin = pith::block_start(samples, ranks, rank);
  const std::size_t end = pith::block_start(samples, ranks, rank + 1);
  model.average_statistics(world);
  Batch batch;
  std::array<double, 2> sums{};
  for (; begin < end; begin += kBatch) {
    std::vector<std::uint32_t> indices(std::min(kBatch, end - begin));
    std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(begin));
    gather(data, indices, batch);
    const Score score = model.evaluate(batch);
    sums[0] += score.loss;
    sums[1] += score.correct;
  }
  program::sum_over_ranks(world, sums);
  return {sums[0] / static_cast<double>(samples), sums[1] / static_cast<double>(samples)};
}

}  // namespace fashion_mnist
