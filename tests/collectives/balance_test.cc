// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/collectives/balance.h>
#include <pith/core/error.h>
#include <pith/core/random.h>

namespace pith::test {
namespace {

using testing::ElementsAre;
using Indices = std::vector<std::uint32_t>;

std::vector<std::byte> written(const Indices& indices, std::size_t ranks) {
  std::vector<std::byte> bytes(summary_bytes(ranks), std::byte{0xff});
  write_summary(indices, ranks, bytes);
  return bytes;
}

std::vector<std::size_t> cuts_of(const std::vector<Indices>& ranks, std::size_t n) {
  Scratch scratch;
  std::vector<Summary> summaries;
  for (const Indices& mine : ranks) {
    summaries.push_back(read_summary(written(mine, ranks.size()), n, ranks.size(), scratch));
  }
  const auto cuts = balanced_cuts(summaries, n, scratch);
  return {cuts.begin(), cuts.end()};
}

// One rank takes 8 samples, here every second index; 4 + 32 bytes and padding.
TEST(Summary, HoldsTheCountAndSamplesAtEqualDistances) {
  Indices indices(16);
  for (std::uint32_t i = 0; i < 16; ++i) indices[i] = 100 + 3 * i;
  const auto bytes = written(indices, 1);
  ASSERT_EQ(bytes.size(), 48u);
  Scratch scratch;
  const Summary summary = read_summary(bytes, 1000, 1, scratch);
  EXPECT_EQ(summary.count, 16u);
  EXPECT_THAT(summary.samples, ElementsAre(100, 106, 112, 118, 124, 130, 136, 142));
  EXPECT_EQ(bytes.back(), std::byte{0});
}

TEST(Summary, RefusesWhatCannotBe) {
  Scratch scratch;
  const auto bytes = written({1, 5, 7}, 2);
  EXPECT_NO_THROW(read_summary(bytes, 8, 2, scratch));
  EXPECT_THROW(read_summary(bytes, 7, 2, scratch), WireError) << "an index beyond the tensor";
  EXPECT_THROW(read_summary(written({1, 1, 1}, 2), 2, 2, scratch), WireError) << "3 entries of 2";
  EXPECT_THROW(read_summary(std::span(bytes).first(64), 8, 2, scratch), WireError);
  EXPECT_THROW(read_summary(bytes, 8, 1, scratch), WireError) << "16 samples where 8 are expected";
  auto falling = bytes;
  falling[4] = std::byte{6};
  EXPECT_THROW(read_summary(falling, 8, 2, scratch), WireError);
}

// What passes is safe to cut by.
TEST(Summary, WithAnyWordChangedIsRefusedOrAscendsWithinTheTensor) {
  const Random random({.seed = 5});
  std::size_t accepted = 0;
  for (std::size_t trial = 0; trial < 2000; ++trial) {
    Indices words{3, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 0, 0, 0};
    words[random.below(17, 2 * trial)] = static_cast<std::uint32_t>(random.below(6, 2 * trial + 1));
    Scratch scratch;
    try {
      const Summary summary = read_summary(std::as_bytes(std::span(words)), 4, 2, scratch);
      ++accepted;
      EXPECT_LE(summary.count, 4u);
      EXPECT_TRUE(std::ranges::is_sorted(summary.samples));
      EXPECT_LT(summary.samples.back(), 4u);
    } catch (const WireError&) {
      continue;
    }
  }
  EXPECT_GT(accepted, 0u);
  EXPECT_LT(accepted, 2000u);
}

// Both ranks have the same 16 indices: the cut is at the ninth.
TEST(BalancedCuts, DivideEqualSupportsExactly) {
  Indices same(16);
  for (std::uint32_t i = 0; i < 16; ++i) same[i] = 10 + i * i;
  EXPECT_THAT(cuts_of({same, same}, 1000), ElementsAre(0, 10 + 64, 1000));
}

// The first rank has three times the weight of the second.
TEST(BalancedCuts, WeighARankByItsEntries) {
  Indices left(48);
  Indices right(16);
  for (std::uint32_t i = 0; i < 48; ++i) left[i] = i;
  for (std::uint32_t i = 0; i < 16; ++i) right[i] = 500 + i;
  EXPECT_THAT(cuts_of({left, right}, 1000), ElementsAre(0, 33, 1000));  // 11 of 16 samples, 32/3
}

TEST(BalancedCuts, AreEvenWithoutEntriesAndAtTheEntryOfOne) {
  EXPECT_THAT(cuts_of({{}, {}, {}}, 10), ElementsAre(0, 3, 6, 10));
  EXPECT_THAT(cuts_of({{}, {7}, {}}, 10), ElementsAre(0, 7, 7, 10));
  EXPECT_THAT(cuts_of({{0}, {1}}, 2), ElementsAre(0, 1, 2));
}

// Indices above 2^24 and close to 2^32 are what they are.
TEST(BalancedCuts, KeepLargeIndicesExact) {
  const std::size_t n = 0xffffffff;
  EXPECT_THAT(cuts_of({{16'777'217, 0xfffffffd}, {16'777'217, 0xfffffffd}}, n),
              ElementsAre(0, 0xfffffffd, n));
}

// Some indices of [first, first + width), ascending.
Indices support(std::size_t count, std::uint32_t first, std::uint32_t width, std::uint32_t rank) {
  const Random random({.seed = 3, .rank = rank});
  Indices indices;
  for (std::size_t i = 0; i < count; ++i) {
    indices.push_back(first + static_cast<std::uint32_t>(random.below(width, i)));
  }
  std::ranges::sort(indices);
  indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
  return indices;
}

void expect_balance(const std::vector<Indices>& ranks, std::size_t n) {
  const auto cuts = cuts_of(ranks, n);
  double all = 0;
  for (const Indices& mine : ranks) all += static_cast<double>(mine.size());
  const double share = all / static_cast<double>(ranks.size());
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    double inside = 0;
    for (const Indices& mine : ranks) {
      inside += static_cast<double>(std::ranges::count_if(
          mine, [&](std::uint32_t i) { return cuts[r] <= i && i < cuts[r + 1]; }));
    }
    EXPECT_GE(inside, 0.75 * share) << ranks.size() << " ranks, region " << r;
    EXPECT_LE(inside, 1.25 * share) << ranks.size() << " ranks, region " << r;
  }
}

TEST(BalancedCuts, GiveEveryOwnerAboutItsShareWhereverTheEntriesLie) {
  for (std::uint32_t p = 2; p <= 8; ++p) {
    std::vector<Indices> even;
    std::vector<Indices> clustered;
    std::vector<Indices> apart;
    std::vector<Indices> unequal;
    for (std::uint32_t r = 0; r < p; ++r) {
      even.push_back(support(1000, 0, 1'000'000, r));
      clustered.push_back(support(1000, 700'000, 5'000, r));
      apart.push_back(support(1000, 100'000 * r, 20'000, r));
      unequal.push_back(support(300 * (r + 1), 100'000 * r, 200'000, r));
    }
    for (const auto& ranks : {even, clustered, apart, unequal}) expect_balance(ranks, 1'000'000);
  }
}

}  // namespace
}  // namespace pith::test
