// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <vector>

// The regions of the sparse exchange by the words of docs/exchanges.md, sharing no code with it.
namespace pith::test {

/// The indices that a rank has entries at, ascending.
using Support = std::vector<std::size_t>;

/// Where the p regions of n elements begin, and n. Of every rank's c entries, 8 p samples at equal
/// distances weigh c each; region r begins at the first of all samples before which at least r/p
/// of the weight lies.
inline std::vector<std::size_t> reference_cuts(const std::vector<Support>& supports,
                                               std::size_t n) {
  const std::size_t p = supports.size();
  std::vector<std::tuple<std::size_t, std::size_t>> samples;  // index, rank
  std::size_t all = 0;
  for (std::size_t r = 0; r < p; ++r) {
    const Support& mine = supports[r];
    for (std::size_t j = 0; j < 8 * p && !mine.empty(); ++j) {
      samples.emplace_back(mine[j * mine.size() / (8 * p)], r);
      all += mine.size();
    }
  }
  std::ranges::sort(samples);
  std::vector<std::size_t> cuts;
  for (std::size_t region = 0; region < p; ++region) {
    std::size_t cut = region == 0 ? 0 : n;
    std::size_t before = 0;
    for (std::size_t s = 0; s < samples.size() && cut == n; ++s) {
      if (before * p >= region * all) cut = std::get<0>(samples[s]);
      before += supports[std::get<1>(samples[s])].size();
    }
    cuts.push_back(samples.empty() ? n * region / p : cut);
  }
  cuts.push_back(n);
  return cuts;
}

/// How many entries the owner of a region keeps at most.
inline std::size_t reference_budget(const std::vector<Support>& supports) {
  std::size_t most = 0;
  for (const Support& mine : supports) most = std::max(most, mine.size());
  return (most + supports.size() - 1) / supports.size();
}

}  // namespace pith::test
