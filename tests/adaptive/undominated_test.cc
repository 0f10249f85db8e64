// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gtest/gtest.h>

#include <pith/adaptive/undominated.h>

namespace pith::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::size_t> kept(const LayerCandidates& candidates) {
  std::vector<std::size_t> indices;
  for (const LegalCandidate& choice : undominated(candidates, Norm::squared)) {
    indices.push_back(choice.candidate);
  }
  return indices;
}

TEST(Undominated, KeepsWhatNothingElseBeatsTheMostAccurateFirst) {
  EXPECT_EQ(kept({{9, 4, 1}, {10, 20, 30}, 0}), (std::vector<std::size_t>{2, 1, 0}));
  EXPECT_EQ(kept({{9, 4, 1}, {10, 30, 20}, 0}), (std::vector<std::size_t>{2, 0}));
  EXPECT_EQ(kept({{9, 4, 1}, {10, 10, 10}, 0}), (std::vector<std::size_t>{2}));
  EXPECT_EQ(kept({{4, 4, 4}, {30, 10, 20}, 0}), (std::vector<std::size_t>{1}));
}

TEST(Undominated, KeepsTheFirstOfEqualOnes) {
  EXPECT_EQ(kept({{4, 4, 1, 1}, {10, 10, 20, 20}, 0}), (std::vector<std::size_t>{2, 0}));
}

TEST(Undominated, LeavesOutWhatIsNotLegal) {
  EXPECT_EQ(kept({{kInfinity, 4}, {1, 10}, 0}), (std::vector<std::size_t>{1}));
  EXPECT_TRUE(kept({{kInfinity, kInfinity}, {1, 10}, 0}).empty());
}

TEST(Undominated, HasErrorsInTheNormAskedFor) {
  const LayerCandidates candidates{{9, 4}, {10, 20}, 0};
  EXPECT_EQ(undominated(candidates, Norm::squared).back().error, 9);
  EXPECT_EQ(undominated(candidates, Norm::plain).back().error, 3);
}

TEST(Legal, IsTheMostAccurateWhereTheOneWantedIsNot) {
  EXPECT_EQ(legal({{kInfinity, 4, 1, 1}, {1, 10, 30, 20}, 0}, 0), 3u);
  EXPECT_EQ(legal({{kInfinity, 4, 1, 1}, {1, 10, 30, 20}, 0}, 1), 1u);
  EXPECT_EQ(legal({{kInfinity, kInfinity}, {1, 10}, 0}, 1), 1u);
}

}  // namespace
}  // namespace pith::test
