// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include <pith/collectives/balance.h>
#include <pith/collectives/encode.h>
#include <pith/comm/communicator.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>

namespace pith {
namespace {

struct Sample {
  std::uint32_t index;
  std::uint32_t rank;
  std::uint32_t weight;

  bool operator<(const Sample& other) const {
    return std::pair(index, rank) < std::pair(other.index, other.rank);
  }
};

std::size_t samples_for(std::size_t ranks) { return kSamplesPerRank * ranks; }

// All ranks' samples in ascending order.
std::span<const Sample> sorted_samples(std::span<const Summary> ranks, Scratch& scratch) {
  const auto all = scratch.take<Sample>(ranks.size() * samples_for(ranks.size()));
  std::size_t count = 0;
  for (std::uint32_t r = 0; r < ranks.size(); ++r) {
    if (ranks[r].count == 0) continue;
    for (const std::uint32_t index : ranks[r].samples) all[count++] = {index, r, ranks[r].count};
  }
  const auto used = all.first(count);
  std::sort(used.begin(), used.end());
  return used;
}

}  // namespace

std::size_t summary_bytes(std::size_t ranks) {
  return padded(sizeof(std::uint32_t) * (1 + samples_for(ranks)));
}

void write_summary(std::span<const std::uint32_t> indices, std::size_t ranks,
                   std::span<std::byte> out) {
  ByteWriter writer(out);
  writer.put(static_cast<std::uint32_t>(indices.size()));
  const std::size_t samples = samples_for(ranks);
  for (std::size_t j = 0; j < samples; ++j) {
    writer.put(indices.empty() ? 0u : indices[block_start(indices.size(), samples, j)]);
  }
  writer.pad();
}

Summary read_summary(std::span<const std::byte> bytes, std::size_t n, std::size_t ranks,
                     Scratch& scratch) {
  ByteReader reader(bytes, "summary");
  const auto count = reader.get<std::uint32_t>();
  const auto samples = scratch.take<std::uint32_t>(samples_for(ranks));
  for (std::uint32_t& index : samples) index = reader.get<std::uint32_t>();
  reader.skip_padding();
  if (reader.left() > 0) {
    throw WireError("summary: " + std::to_string(reader.left()) + " bytes too many");
  }
  if (count > n || !std::ranges::is_sorted(samples) || samples.back() >= n) {
    throw WireError("summary: " + std::to_string(count) + " entries up to element " +
                    std::to_string(samples.back()) + " of " + std::to_string(n));
  }
  return {count, samples};
}

std::span<const std::size_t> balanced_cuts(std::span<const Summary> ranks, std::size_t n,
                                           Scratch& scratch) {
  const auto samples = sorted_samples(ranks, scratch);
  if (samples.empty()) return even_cuts(n, ranks.size(), scratch);
  std::uint64_t total = 0;
  for (const Sample& sample : samples) total += sample.weight;
  const auto cuts = scratch.take<std::size_t>(ranks.size() + 1);
  std::ranges::fill(cuts, n);
  cuts.front() = 0;
  std::uint64_t before = 0;
  std::size_t r = 1;
  for (const Sample& sample : samples) {
    for (; r < ranks.size() && before >= block_start(total, ranks.size(), r); ++r) {
      cuts[r] = sample.index;
    }
    before += sample.weight;
  }
  return cuts;
}

std::size_t survivors_per_owner(std::span<const Summary> ranks) {
  const std::size_t most = std::ranges::max(ranks, {}, &Summary::count).count;
  return (most + ranks.size() - 1) / ranks.size();
}

}  // namespace pith
