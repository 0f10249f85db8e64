// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include <pith/adaptive/knapsack.h>
#include <pith/adaptive/least_sums.h>

#include "support/every_simd_target.h"

namespace pith::test {
namespace {

using Sums = std::vector<std::int64_t>;

Sums plain_least_sums(const Sums& before, const std::vector<Option>& options) {
  Sums after(before.size(), kNoSum);
  for (std::size_t b = 0; b < after.size(); ++b) {
    for (const Option& option : options) {
      if (option.weight > b) continue;
      after[b] = std::min(after[b], before[b - option.weight] + option.value);
    }
  }
  return after;
}

struct Row {
  Sums before;
  std::vector<Option> options;
};

Row random_row(std::mt19937_64& random, std::size_t n) {
  Row row;
  for (std::size_t b = 0; b < n; ++b) {
    row.before.push_back(b % 7 == 0 ? kNoSum : static_cast<std::int64_t>(random() >> 3));
  }
  row.options.resize(random() % 17);
  for (Option& option : row.options) {
    option = {random() % (n + 3), static_cast<std::int64_t>(random() >> 2) % kNoSum};
  }
  return row;
}

TEST(LeastSums, AreThoseOfThePlainLoopOnEveryInstructionSet) {
  std::mt19937_64 random(1);
  for (const std::size_t n : std::vector<std::size_t>{0, 1, 3, 8, 17, 2047, 2048, 2049, 10161}) {
    const Row row = random_row(random, n);
    const Sums expected = plain_least_sums(row.before, row.options);
    on_every_simd_target([&] {
      Sums after(n, 1);
      least_sums(row.before, row.options, after);
      EXPECT_EQ(after, expected) << n;
    });
  }
}

TEST(LeastSums, AnOptionAboveTheBudgetIsNeverTaken) {
  const std::vector<Option> options{{2, 5}, {4, 1}};
  const Sums before{0, 0, 0};
  Sums after(3);
  least_sums(before, options, after);
  EXPECT_EQ(after, (Sums{kNoSum, kNoSum, 5}));
}

TEST(Knapsack, WithoutLayersTakesNothing) { EXPECT_EQ(Knapsack({}, 5).best(0), Assignment()); }

TEST(Knapsack, OneLayerMayTakeTheWholeBudgetAndNoMore) {
  const std::vector<std::vector<Option>> layer{{{4, 1}, {3, 2}}};
  EXPECT_EQ(Knapsack(layer, 5).best(4), Assignment{0});
  EXPECT_EQ(Knapsack(layer, 5).best(3), Assignment{1});
  EXPECT_EQ(Knapsack(layer, 5).best(2), std::nullopt);
}

TEST(Knapsack, ALayerWithoutOptionsMeetsNoBudget) {
  const std::vector<std::vector<Option>> layers{{{0, 1}}, {}};
  EXPECT_EQ(Knapsack(layers, 5).best(5), std::nullopt);
}

TEST(Knapsack, TakesTheFirstOfEqualOptions) {
  const std::vector<std::vector<Option>> layers{{{1, 3}, {1, 3}}, {{1, 2}, {0, 2}}};
  EXPECT_EQ(Knapsack(layers, 2).best(2), (Assignment{0, 0}));
  EXPECT_EQ(Knapsack(layers, 2).best(1), (Assignment{0, 1}));
}

}  // namespace
}  // namespace pith::test
