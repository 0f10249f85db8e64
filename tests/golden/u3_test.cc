// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/hash.h>

#include "golden/ways.h"

// Agreement: every rank receives the same bits, whatever their number.
namespace pith::test {
namespace {

constexpr int kRanks[] = {1, 2, 3, 4, 7};

// Of the estimates of three steps, by way.
template <Element T>
std::vector<std::uint64_t> hashes(Communicator& communicator, const std::vector<Way>& ways) {
  Trial<T> trial(communicator, ways);
  std::vector<std::uint64_t> hashes(ways.size());
  for (std::uint64_t step = 0; step < 3; ++step) {
    trial.draw(step);
    trial.exchange();
    for (std::size_t w = 0; w < ways.size(); ++w) {
      hashes[w] = hash(std::as_bytes(std::span(trial[w])), hashes[w]);
    }
  }
  return hashes;
}

template <Element T>
void expect_agreement(int ranks) {
  const auto ways = legal_ways();
  std::vector<std::vector<std::uint64_t>> by_rank(static_cast<std::size_t>(ranks));
  run_local(ranks, [&](Communicator& communicator) {
    by_rank[static_cast<std::size_t>(communicator.rank())] = hashes<T>(communicator, ways);
  });
  for (std::size_t r = 0; r < by_rank.size(); ++r) {
    for (std::size_t w = 0; w < ways.size(); ++w) {
      EXPECT_EQ(by_rank[r][w], by_rank[0][w])
          << ways[w].name() << ", rank " << r << " of " << ranks;
    }
  }
}

TEST(U3, AllRanksReceiveTheSameFloats) {
  for (const int ranks : kRanks) expect_agreement<float>(ranks);
}

TEST(U3, AllRanksReceiveTheSameDoubles) {
  for (const int ranks : kRanks) expect_agreement<double>(ranks);
}

TEST(U3, EveryLegalCombinationIsTried) {
  const auto ways = legal_ways();
  for (const Combination& row : legal_combinations()) {
    const auto tried = std::ranges::count_if(ways, [&](const Way& way) {
      return way.exchange == name_of(row.exchange) && way.feedback == row.feedback &&
             (way.compressor == "none") == (row.kind == CompressorKind::none);
    });
    EXPECT_GE(tried, 1) << name_of(row.kind) << ' ' << name_of(row.exchange) << ' ' << row.feedback;
  }
}

}  // namespace
}  // namespace pith::test
