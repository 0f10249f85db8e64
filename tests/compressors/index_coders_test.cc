// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <pith/compressors/gaps.h>
#include <pith/core/error.h>

#include "compressors/index_reference.h"
#include "compressors/index_supports.h"

// What holds for every index coder.
namespace pith::test {
namespace {

class IndexCoders : public testing::TestWithParam<const char*> {
 protected:
  const IndexCoding coding = index_coding(GetParam());
  const IndexCoder& coder = index_coder(coding);
};

TEST_P(IndexCoders, WritesTheBytesOfTheReferenceAndReadsThem) {
  for (const auto& sets : {edge_sets(), random_sets()}) {
    for (const IndexSet& set : sets) {
      const auto bytes = written(coder, set);
      ASSERT_EQ(bytes, reference_indices(coding, set.indices, set.n)) << set;
      ASSERT_EQ(read(coder, bytes, set.indices.size(), set.n), set.indices) << set;
    }
  }
}

// All but the bitmap, which would take 512 MiB.
TEST(IndexCoder, ReachesTheLastElementOfTheLargestTensor) {
  const std::size_t n = 0xffffffff;
  const std::uint32_t last = 0xfffffffe;
  for (const char* name : {"raw32", "delta", "rice", "elias_fano", "runs16"}) {
    const IndexCoder& coder = index_coder(index_coding(name));
    for (const Indices& few : {Indices{}, Indices{0}, Indices{last}, Indices{0, last / 2, last}}) {
      const auto bytes = written(coder, {few, n});
      EXPECT_EQ(read(coder, bytes, few.size(), n), few) << name;
      EXPECT_LE(bytes.size(), coder.most(few.size(), n)) << name;
    }
  }
}

TEST_P(IndexCoders, WritesIndicesRelativeToTheSegment) {
  const IndexSet set = bernoulli(700, 0.02);
  Indices moved = set.indices;
  for (std::uint32_t& index : moved) index += 4000000000;
  std::vector<std::byte> bytes(coder.cost(support_of(set)));
  coder.write({moved, 4000000000, set.n}, bytes);
  EXPECT_EQ(bytes, written(coder, set));
}

TEST_P(IndexCoders, NeverTakesMoreThanItsBound) {
  for (const auto& sets : {edge_sets(), random_sets()}) {
    for (const IndexSet& set : sets) {
      const std::size_t count = set.indices.size();
      const std::size_t cost = coder.cost(support_of(set));
      EXPECT_LE(cost, coder.most(count, set.n)) << set;
      EXPECT_LE(cost, coder.most(std::min(count + 100, set.n), set.n)) << set;
    }
  }
}

// What a set costs in pieces.
std::size_t cost_of_parts(const IndexCoder& coder, const IndexSet& set, std::size_t parts) {
  std::size_t bytes = 0;
  const std::span<const std::uint32_t> all(set.indices);
  for (std::size_t s = 0; s < parts; ++s) {
    const std::size_t begin = s * set.n / parts;
    const std::size_t end = (s + 1) * set.n / parts;
    const auto from = std::ranges::lower_bound(all, begin);
    const auto to = std::ranges::lower_bound(all, end);
    bytes += coder.cost({{from, to}, begin, end - begin});
  }
  return bytes;
}

TEST_P(IndexCoders, CutsAddNoMoreThanTheirBound) {
  for (const IndexSet& set : random_sets()) {
    for (const std::size_t parts : {2u, 3u, 16u}) {
      EXPECT_LE(cost_of_parts(coder, set, parts),
                coder.most(set.indices.size(), set.n) + (parts - 1) * kIndexBytesPerCut)
          << set;
    }
  }
}

/// Reads into memory of just the right size. What is accepted ascends below n.
bool refused(const IndexCoder& coder, const std::vector<std::byte>& bytes, std::size_t count,
             std::size_t n) {
  Indices indices;
  try {
    indices = read(coder, bytes, count, n);
  } catch (const WireError& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("test: "));
    return true;
  }
  EXPECT_EQ(std::ranges::adjacent_find(indices, std::greater_equal<>()), indices.end());
  EXPECT_TRUE(indices.empty() || indices.back() < n);
  return false;
}

TEST_P(IndexCoders, RefusesEveryTruncationAndEveryAddedByte) {
  for (const IndexSet& set : {IndexSet{{3, 10, 11, 300}, 1024}, rows(3, 100, 900),
                              bernoulli(300, 0.05), every(2, 600), IndexSet{{}, 9}}) {
    const auto whole = written(coder, set);
    const std::size_t count = set.indices.size();
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::vector<std::byte> part(whole.begin(), whole.begin() + std::ptrdiff_t(size));
      ASSERT_TRUE(refused(coder, part, count, set.n)) << size << " bytes of " << set;
    }
    for (const std::byte added : {std::byte{0}, std::byte{1}, std::byte{0xff}}) {
      auto longer = whole;
      longer.push_back(added);
      EXPECT_TRUE(refused(coder, longer, count, set.n)) << set;
    }
  }
}

TEST_P(IndexCoders, RefusesAnotherCountAndAnotherSegment) {
  const IndexSet set = bernoulli(300, 0.05);
  const auto bytes = written(coder, set);
  EXPECT_TRUE(refused(coder, bytes, 299, set.n));
  EXPECT_TRUE(refused(coder, bytes, 301, set.n));
  EXPECT_TRUE(refused(coder, bytes, 0, set.n));
  EXPECT_TRUE(refused(coder, bytes, 300, set.n - 1));  // the last index is n - 1
}

TEST_P(IndexCoders, RefusesChangedBytesOrReadsAscendingIndices) {
  const Random random({.seed = 3});
  for (const IndexSet& set : {rows(3, 100, 900), bernoulli(300, 0.05), bernoulli(20, 0.001)}) {
    const auto whole = written(coder, set);
    for (std::uint64_t trial = 0; trial < 3000; ++trial) {
      auto bytes = whole;
      for (std::uint64_t change = 0; change <= trial % 3; ++change) {
        const std::uint64_t draw = 8 * trial + 2 * change;
        const auto value = static_cast<std::byte>(random.below(256, draw));
        bytes[random.below(bytes.size(), draw + 1)] ^= value;
      }
      refused(coder, bytes, set.indices.size(), set.n);
    }
  }
}

TEST_P(IndexCoders, SurvivesRandomBytes) {
  const Random random({.seed = 4});
  for (std::uint64_t trial = 0; trial < 3000; ++trial) {
    std::vector<std::byte> bytes(random.below(100, 128 * trial));
    // Small values now and then, for what is in front of the codes.
    const std::uint64_t below = trial % 2 == 0 ? 256 : 33;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<std::byte>(random.below(below, 128 * trial + i + 1));
    }
    const std::size_t n = trial % 3 == 0 ? 0xffffffff : 1 + random.below(1000, trial);
    const std::size_t count = random.below(std::min<std::size_t>(n, 300) + 1, trial + 1);
    refused(coder, bytes, count, n);
  }
}

INSTANTIATE_TEST_SUITE_P(All, IndexCoders, testing::ValuesIn(kIndexCoders),
                         [](const auto& coder) { return std::string(coder.param); });

}  // namespace
}  // namespace pith::test
