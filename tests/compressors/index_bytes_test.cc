// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/compressors/gaps.h>

#include "compressors/index_supports.h"

// How many bits an index takes, against the entropy of where it may be.
namespace pith::test {
namespace {

const IndexCoder& coder(const char* name) { return index_coder(index_coding(name)); }

double bits(const char* name, const IndexSet& set) {
  return 8.0 * static_cast<double>(coder(name).cost(support_of(set))) /
         static_cast<double>(set.indices.size());
}

// With what is in front of the coder's bytes.
double stream_bits(const char* name, const IndexSet& set) {
  const IndexCoding coding = index_coding(name);
  std::vector<std::byte> bytes(most_index_bytes(coding, set.indices.size(), set.n));
  ByteWriter writer(bytes);
  write_indices(coding, support_of(set), writer);
  return 8.0 * static_cast<double>(writer.used()) / static_cast<double>(set.indices.size());
}

double bare_rice_bits(const IndexSet& set) {
  const auto directory = static_cast<double>(gap_blocks(set.indices.size()));
  return bits("rice", set) - 8 * directory / static_cast<double>(set.indices.size());
}

constexpr std::size_t kMany = 200000;

struct Density {
  double p;
  double bound, rice, elias_fano, delta, runs16;  // published bits per index
};

constexpr Density kDensities[] = {
    {0.0001, 14.730, 14.788, 15.22, 17.45, 16.02},
    {0.001, 11.408, 11.495, 11.95, 15.04, 16},
    {0.01, 8.079, 8.108, 8.56, 10.21, 16},
    {0.1, 4.690, 4.756, 5.25, 8, 16},
    {0.25, 3.245, 3.286, 4.00, 8, 16},
};

TEST(IndexBits, AreThoseOfTheTable) {
  for (const Density& density : kDensities) {
    const IndexSet set = bernoulli(kMany, density.p);
    EXPECT_NEAR(entropy_bound(density.p), density.bound, 0.001);
    EXPECT_NEAR(bare_rice_bits(set), density.rice, 0.02) << density.p;
    EXPECT_NEAR(bits("elias_fano", set), density.elias_fano, 0.02) << density.p;
    EXPECT_NEAR(bits("delta", set), density.delta, 0.02) << density.p;
    EXPECT_NEAR(bits("runs16", set), density.runs16, 0.01) << density.p;
    EXPECT_EQ(bits("raw32", set), 32) << density.p;
    EXPECT_NEAR(bits("bitmap", set), 1 / density.p, 0.01 / density.p) << density.p;
  }
}

TEST(IndexBits, RiceIsWithinOneAndAHalfPercentOfTheEntropyAndTwoAndAHalfWithItsDirectory) {
  for (const Density& density : kDensities) {
    const IndexSet set = bernoulli(kMany, density.p);
    EXPECT_LE(bare_rice_bits(set), 1.015 * entropy_bound(density.p)) << density.p;
    EXPECT_LE(stream_bits("rice", set), 1.025 * entropy_bound(density.p)) << density.p;
    EXPECT_GE(bare_rice_bits(set), 0.995 * entropy_bound(density.p)) << density.p;
  }
}

TEST(IndexBits, RiceIsWithinFourAndAHalfPercentAtAnyDensityBetween) {
  for (double p = 0.0001; p <= 0.25; p *= 1.1) {
    const IndexSet set = bernoulli(kMany / 2, p);
    EXPECT_LE(stream_bits("rice", set), 1.045 * entropy_bound(p)) << p;
  }
}

TEST(IndexBits, EliasFanoIsWithinFourFifthsOfABitOfTheEntropy) {
  for (const Density& density : kDensities) {
    const IndexSet set = bernoulli(kMany, density.p);
    EXPECT_LE(stream_bits("elias_fano", set), entropy_bound(density.p) + 0.8) << density.p;
  }
}

// log2 of the number of ways to choose 1,000 of 1,000,000 is 11,401.
TEST(IndexBits, OfAThousandInAMillionAreNotBelowWhatAllChoicesTake) {
  constexpr int kSets = 200;
  for (const char* name : {"rice", "elias_fano", "delta"}) {
    double sum = 0;
    for (std::uint64_t seed = 0; seed < kSets; ++seed) {
      IndexSet set = bernoulli(1000, 0.001, seed + 1);
      sum += 1000 * bits(name, {set.indices, std::max<std::size_t>(set.n, 1000000)}) / kSets;
    }
    EXPECT_GT(sum, 11401) << name;
  }
  IndexSet set = bernoulli(1000, 0.001);
  EXPECT_NEAR(1000 * bare_rice_bits(set), 11495, 250);
}

// 256 rows of 64 neighbours: a block of gaps is almost all zeros, and each block has its own k.
TEST(IndexBits, ClusteredIndicesTakeLessThanAnyOneParameter) {
  const IndexSet dense = bernoulli(20000, 0.4);
  const IndexSet sparse = bernoulli(20000, 0.001);
  IndexSet both = dense;
  for (const std::uint32_t index : sparse.indices) {
    both.indices.push_back(index + static_cast<std::uint32_t>(dense.n));
  }
  both.n = dense.n + sparse.n;
  double best = 1e9;
  for (unsigned k = 0; k < 32; ++k) {
    double sum = 0;
    std::uint32_t next = 0;
    for (const std::uint32_t index : both.indices) {
      sum += 1 + k + ((index - next) >> k);
      next = index + 1;
    }
    best = std::min(best, sum / static_cast<double>(both.indices.size()));
  }
  EXPECT_LT(stream_bits("rice", both), 0.8 * best);
  EXPECT_NEAR(stream_bits("rice", both), (2.6 + 11.5) / 2, 0.15);
}

TEST(IndexBits, AutomaticTakesTheCheapest) {
  for (const IndexSet& set :
       {bernoulli(1000, 0.001), bernoulli(1000, 0.01), bernoulli(1000, 0.9), rows(50, 64, 100000),
        every(100, 100000), every(65000, 6500000), every(1, 500), IndexSet{{}, 70}}) {
    double best = 1e9;
    if (set.indices.empty()) {
      EXPECT_EQ(coder("raw32").cost(support_of(set)), 0u);
      continue;
    }
    for (const char* name : kIndexCoders) best = std::min(best, stream_bits(name, set));
    EXPECT_EQ(stream_bits("auto", set), best) << set;
  }
}

}  // namespace
}  // namespace pith::test
