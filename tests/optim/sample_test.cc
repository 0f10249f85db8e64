// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <gtest/gtest.h>

#include <pith/core/error.h>
#include <pith/optim/sample.h>

namespace pith::test {
namespace {

TEST(SampleRanks, DrawsEverySetEquallyOften) {
  std::map<std::vector<bool>, int> seen;
  constexpr std::uint64_t kDraws = 6000;
  for (std::uint64_t step = 0; step < kDraws; ++step) {
    ++seen[sample_ranks(4, 2, {.seed = 1, .step = step})];
  }
  EXPECT_EQ(seen.size(), 6u);
  for (const auto& [set, count] : seen) {
    EXPECT_EQ(std::count(set.begin(), set.end(), true), 2);
    EXPECT_NEAR(count, 1000, 150);  // five standard deviations
  }
}

TEST(SampleRanks, AllOfThemAreAlwaysDrawn) {
  EXPECT_EQ(sample_ranks(3, 3, {}), std::vector<bool>(3, true));
}

TEST(SampleRanks, RefusesNoneAndMoreThanThereAre) {
  EXPECT_THROW(sample_ranks(3, 0, {}), UsageError);
  EXPECT_THROW(sample_ranks(3, 4, {}), UsageError);
}

}  // namespace
}  // namespace pith::test
