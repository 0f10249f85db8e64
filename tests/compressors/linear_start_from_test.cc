// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <pith/compressors/registry.h>

#include "compressors/linear_ranks.h"

// A compressor of another rank goes on from where the one before was.
namespace pith::test {
namespace {

constexpr std::size_t kRows = 6;
constexpr std::size_t kColumns = 9;

std::unique_ptr<LinearCompressor<double>> make(const std::string& spec) {
  return make_linear<double>(parse_pipeline(spec), {kRows, kColumns});
}

LinearRanks<double> after_steps(const std::string& spec, std::uint64_t steps) {
  LinearRanks<double> ranks([=] { return make(spec); }, 1);
  for (std::uint64_t step = 0; step < steps; ++step) {
    ranks.step({gaussian<double>(kRows * kColumns, 3)}, {.step = step});
    ranks.accept();
  }
  return ranks;
}

std::vector<double> first_state(LinearCompressor<double>& compressor) {
  const auto values = compressor.states().at(0).values;
  return {values.begin(), values.end()};
}

// Q holds rank vectors of `columns`; what is new is zero, and becomes random where it is used.
TEST(LowRank, StartsFromTheColumnsThatBothRanksHave) {
  LinearRanks<double> ranks = after_steps("lowrank(rank=2)", 1);
  const auto before = first_state(ranks[0]);
  for (const std::size_t rank : {1u, 2u, 4u}) {
    const auto after = make("lowrank(rank=" + std::to_string(rank) + ")");
    after->start_from(ranks[0]);
    auto expected = before;
    expected.resize(rank * kColumns);
    EXPECT_EQ(first_state(*after), expected) << rank;
  }
}

TEST(Acp, StartsFromTheBasisThatBothRanksHave) {
  for (const std::uint64_t steps : {1u, 2u}) {
    LinearRanks<double> ranks = after_steps("acp(rank=2)", steps);
    const auto before = first_state(ranks[0]);
    const std::size_t length = steps == 1 ? kRows : kColumns;
    for (const std::size_t rank : {1u, 3u}) {
      const auto after = make("acp(rank=" + std::to_string(rank) + ")");
      after->start_from(ranks[0]);
      const auto basis = first_state(*after);
      for (std::size_t i = 0; i < basis.size(); ++i) {
        const bool common = i < std::min<std::size_t>(rank, 2) * length;
        EXPECT_EQ(basis[i], common ? before[i] : 0) << rank << ' ' << i;
      }
      EXPECT_EQ(after->states().at(1).values[0], steps == 1 ? 1 : 0) << "what is due";
    }
  }
}

TEST(LinearCompressor, StartsFromNothingOfAnotherKindOrShape) {
  LinearRanks<double> ranks = after_steps("lowrank(rank=2)", 1);
  for (const char* spec : {"acp(rank=2)", "lowrank(rank=2,warm=false)", "randomk(k=4)"}) {
    const auto after = make(spec);
    const auto states = after->states();
    after->start_from(ranks[0]);
    for (const auto& state : states) {
      EXPECT_EQ(std::ranges::count(state.values, 0.0),
                static_cast<std::ptrdiff_t>(state.values.size()));
    }
  }
  const auto other = make_linear<double>(parse_pipeline("lowrank(rank=2)"), {kColumns, kRows});
  other->start_from(ranks[0]);
  EXPECT_EQ(first_state(*other), std::vector<double>(2 * kRows));
}

}  // namespace
}  // namespace pith::test
