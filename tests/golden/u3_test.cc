// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>

#include <gtest/gtest.h>

#include <pith/collectives/legal.h>
#include <pith/comm/local.h>
#include <pith/compressors/registry.h>
#include <pith/core/hash.h>

#include "golden/trial.h"

// Agreement: every rank receives the same bits, whatever their number.
namespace pith::test {
namespace {

constexpr int kRanks[] = {1, 2, 3, 4, 7};

// Of the estimates of three steps, by case.
template <Element T>
std::vector<std::uint64_t> hashes(Communicator& communicator, const std::vector<LegalCase>& cases) {
  Trial<T> trial(communicator, cases);
  std::vector<std::uint64_t> hashes(cases.size());
  for (std::uint64_t step = 0; step < 3; ++step) {
    trial.draw(step);
    trial.exchange();
    for (std::size_t i = 0; i < cases.size(); ++i) {
      hashes[i] = hash(std::as_bytes(std::span(trial[i])), hashes[i]);
    }
  }
  return hashes;
}

template <Element T>
void expect_agreement(int ranks) {
  const auto cases = all_cases();
  std::vector<std::vector<std::uint64_t>> by_rank(static_cast<std::size_t>(ranks));
  run_local(ranks, [&](Communicator& communicator) {
    by_rank[static_cast<std::size_t>(communicator.rank())] = hashes<T>(communicator, cases);
  });
  for (std::size_t r = 0; r < by_rank.size(); ++r) {
    for (std::size_t i = 0; i < cases.size(); ++i) {
      EXPECT_EQ(by_rank[r][i], by_rank[0][i])
          << name_of(cases[i]) << ", rank " << r << " of " << ranks;
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
  const auto cases = all_cases();
  for (const Combination& row : legal_combinations()) {
    const auto tried = std::ranges::count_if(cases, [&](const LegalCase& legal) {
      return legal.exchange == name_of(row.exchange) && legal.feedback == row.feedback &&
             (legal.compressor == "none") == (row.kind == CompressorKind::none);
    });
    EXPECT_GE(tried, 1) << name_of(row.kind) << ' ' << name_of(row.exchange) << ' ' << row.feedback;
  }
}

TEST(U3, EveryCompressorIsTried) {
  const auto cases = all_cases();
  for (const CompressorEntry& entry : compressors()) {
    if (entry.name == "permk") continue;  // for one number of ranks: permk_test.cc
    for (const char* exchange : {"gather", "sharded", "sparse", "linear"}) {
      const bool linear = std::string_view(exchange) == "linear";
      const bool sparse = std::string_view(exchange) == "sparse";
      if (linear ? !entry.linear : !entry.message || (sparse && !entry.sparse)) continue;
      const auto tried = std::ranges::count_if(cases, [&](const LegalCase& legal) {
        return legal.exchange == exchange && legal.compressor != "none" &&
               codec_of(parse_pipeline(legal.compressor)) == entry.codec;
      });
      EXPECT_GE(tried, 5) << entry.name << ' ' << exchange;  // once with every rule
    }
  }
}

}  // namespace
}  // namespace pith::test
