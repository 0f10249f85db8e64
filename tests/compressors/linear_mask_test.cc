// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include <pith/compressors/mask.h>

namespace pith::test {
namespace {

std::vector<std::size_t> mask_of(std::size_t n, std::size_t k, const RandomKey& key) {
  Scratch scratch;
  const auto mask = draw_mask(n, k, Random(key), scratch);
  return {mask.begin(), mask.end()};
}

// sum of (seen - expected)^2 / expected
double chi_square(const std::vector<double>& seen, double expected) {
  double sum = 0;
  for (const double count : seen) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

TEST(KeptElements, IsTheCeilingBetweenOneAndAll) {
  EXPECT_EQ(kept_elements(0.001, 1500), 2u);
  EXPECT_EQ(kept_elements(0.001, 36864), 37u);
  EXPECT_EQ(kept_elements(0.07, 100), 7u) << "0.07 * 100 is a little above 7 in double";
  EXPECT_EQ(kept_elements(0.01, 1), 1u);
  EXPECT_EQ(kept_elements(1e-9, 10), 1u);
  EXPECT_EQ(kept_elements(1.0, 65537), 65537u);
  EXPECT_EQ(kept_elements(1.0, 0), 0u);
}

TEST(DrawMask, GivesKDifferentIndicesInAscendingOrder) {
  for (const std::size_t n : {1u, 2u, 7u, 8u, 9u, 31u, 32u, 33u, 1000u, 65537u}) {
    for (const std::size_t k :
         {std::size_t{0u}, std::size_t{1u}, n / 100u, n / 4u, n / 2u, n - 1u, n}) {
      const auto mask = mask_of(n, k, {.seed = n, .step = k});
      ASSERT_EQ(mask.size(), k);
      ASSERT_TRUE(std::ranges::is_sorted(mask, std::less_equal{})) << n << " " << k;
      ASSERT_TRUE(k == 0 || mask.back() < n);
    }
  }
  EXPECT_TRUE(mask_of(0, 0, {}).empty());
}

TEST(DrawMask, GivesEveryIndexIfAllAreKept) {
  const auto mask = mask_of(100, 100, {});
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(mask[i], i);
}

// 10 sets, so 9 degrees of freedom: one in a thousand seeds would exceed 27.9.
TEST(DrawMask, GivesEverySetEquallyOften) {
  constexpr int kDraws = 20'000;
  std::map<std::vector<std::size_t>, double> seen;
  for (std::uint64_t step = 0; step < kDraws; ++step) ++seen[mask_of(5, 2, {.step = step})];
  ASSERT_EQ(seen.size(), 10u);
  std::vector<double> counts;
  for (const auto& [set, count] : seen) counts.push_back(count);
  EXPECT_LT(chi_square(counts, kDraws / 10.0), 27.9);
}

// One in a thousand seeds would exceed 146.9 with 99 degrees of freedom; drawing without repetition
// makes it rarer.
TEST(DrawMask, GivesEveryIndexEquallyOften) {
  for (const std::size_t k : {3u, 50u, 97u}) {
    constexpr int kDraws = 20'000;
    std::vector<double> seen(100);
    for (std::uint64_t step = 0; step < kDraws; ++step) {
      for (const std::size_t index : mask_of(100, k, {.seed = 3, .step = step})) ++seen[index];
    }
    EXPECT_LT(chi_square(seen, kDraws * static_cast<double>(k) / 100), 146.9) << k;
  }
}

TEST(DrawMask, NeedsMemoryForTheMaskOnly) {
  Scratch scratch;
  const std::size_t n = std::size_t{1} << 40;
  const auto mask = draw_mask(n, 1000, Random({}), scratch);
  EXPECT_TRUE(std::ranges::is_sorted(mask, std::less_equal{}));
  EXPECT_GT(mask.back(), n / 2);
  EXPECT_LE(scratch.capacity(), 3 * 64u * 1024);
}

}  // namespace
}  // namespace pith::test
