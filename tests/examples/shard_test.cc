// SPDX-License-Identifier: Apache-2.0
#include "fashion_mnist/shard.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <gmock/gmock.h>

#include "program/shuffle.h"

namespace fashion_mnist {
namespace {

using ::testing::ElementsAre;

Dataset labelled(std::vector<std::uint8_t> labels) { return {0, {}, std::move(labels)}; }

TEST(Shard, DealsEverySampleToExactlyOneRank) {
  const Dataset data = labelled(std::vector<std::uint8_t>(12));
  std::vector<std::uint32_t> all;
  for (std::size_t rank = 0; rank < 4; ++rank) {
    const auto mine = shard(data, Split::random, 7, rank, 4);
    EXPECT_EQ(mine.size(), 3u);
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::vector<std::uint32_t> expected(12);
  std::iota(expected.begin(), expected.end(), 0u);
  EXPECT_FALSE(std::ranges::is_sorted(all));
  std::ranges::sort(all);
  EXPECT_EQ(all, expected);
}

TEST(Shard, SortedGivesEachRankItsOwnLabels) {
  const Dataset data = labelled({1, 0, 1, 0, 0});
  EXPECT_THAT(shard(data, Split::sorted, 0, 0, 2), ElementsAre(1, 3));
  EXPECT_THAT(shard(data, Split::sorted, 0, 1, 2), ElementsAre(4, 0));
}

TEST(Shard, DependsOnTheSeed) {
  const Dataset data = labelled(std::vector<std::uint8_t>(100));
  EXPECT_EQ(shard(data, Split::random, 1, 0, 2), shard(data, Split::random, 1, 0, 2));
  EXPECT_NE(shard(data, Split::random, 1, 0, 2), shard(data, Split::random, 2, 0, 2));
}

// 6 orders of 3 elements, 600 draws: 100 each, standard deviation 9.
TEST(Shuffle, GivesEveryOrderEquallyOften) {
  std::map<std::vector<std::uint32_t>, int> counts;
  for (std::uint64_t step = 0; step < 600; ++step) {
    std::vector<std::uint32_t> order{0, 1, 2};
    program::shuffle(order, {.seed = 3, .step = step});
    ++counts[order];
  }
  ASSERT_EQ(counts.size(), 6u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 100, 45);
}

}  // namespace
}  // namespace fashion_mnist
