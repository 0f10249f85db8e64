// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <support/reference_exchange.h>

namespace pith::test {
namespace {

using testing::ElementsAre;
using Vectors = std::vector<std::vector<float>>;

template <Element T = float>
ReferenceExchange<T> reference(const char* compressor, const char* feedback, const char* exchange,
                               const Shape& shape, std::size_t ranks = 2) {
  ReferenceCase what;
  what.compressor = compressor;
  what.feedback = feedback;
  what.exchange = exchange;
  what.shape = shape;
  what.ranks = ranks;
  return ReferenceExchange<T>(what);
}

StepContext second_step() {
  StepContext context;
  context.step = 1;
  return context;
}

std::vector<float> state(ReferenceExchange<float>& exchange, std::size_t rank,
                         const std::string& name) {
  for (const StateView<float>& view : exchange.states(rank)) {
    if (view.name == name) return {view.values.begin(), view.values.end()};
  }
  ADD_FAILURE() << "no state " << name;
  return {};
}

TEST(ReferenceExchange, AveragesRawGradients) {
  auto raw = reference("none", "none", "raw", {1, 2});
  EXPECT_THAT(raw.step({{1, 2}, {3, 8}}, {}), ElementsAre(2, 5));
}

// Each rank sends its largest element and keeps the rest for the next step.
TEST(ReferenceExchange, GathersWhatEveryRankKept) {
  auto gather = reference("topk(k=1)", "ef14", "gather", {1, 3});
  EXPECT_THAT(gather.step({{3, 1, 0}, {0, 2, -4}}, {}), ElementsAre(1.5, 0, -2));
  EXPECT_THAT(state(gather, 0, "residual"), ElementsAre(0, 1, 0));
  EXPECT_THAT(state(gather, 1, "residual"), ElementsAre(0, 2, 0));

  EXPECT_THAT(gather.step({{0, 1, 0}, {1, 0, 0}}, second_step()), ElementsAre(0, 2, 0));
  EXPECT_THAT(state(gather, 0, "residual"), ElementsAre(0, 0, 0));
  EXPECT_THAT(state(gather, 1, "residual"), ElementsAre(1, 0, 0));
}

// Scales 2 and 4 over the whole tensor: +-2 and +-4 arrive, their mean is (3, 1, -1, 1). The owners
// send their halves with scales 2 and 1.
TEST(ReferenceExchange, CompressesShardsOfTheMeanAgain) {
  auto sharded = reference("onebit", "ef14", "sharded", {1, 4});
  EXPECT_THAT(sharded.step({{1, -3, 2, -2}, {4, 4, -4, 4}}, {}), ElementsAre(2, 2, -1, 1));
  EXPECT_THAT(state(sharded, 0, "residual"), ElementsAre(-1, -1, 0, 0));
  EXPECT_THAT(state(sharded, 0, "owner_residual"), ElementsAre(1, -1));
  EXPECT_THAT(state(sharded, 1, "owner_residual"), ElementsAre(0, 0));
}

TEST(ReferenceExchange, GivesSmallTensorsToSomeOwnersOnly) {
  auto sharded = reference("identity", "ef14", "sharded", {1, 1}, 3);
  EXPECT_THAT(sharded.step({{1}, {2}, {6}}, {}), ElementsAre(3));
  EXPECT_TRUE(state(sharded, 0, "owner_residual").empty());
  EXPECT_EQ(state(sharded, 2, "owner_residual").size(), 1u);
}

// EF21 sends differences and returns the mean of what its ranks have collected.
TEST(ReferenceExchange, LetsTheRuleEstimate) {
  auto gather = reference("topk(k=1)", "ef21", "gather", {1, 2});
  EXPECT_THAT(gather.step({{4, 2}, {4, 2}}, {}), ElementsAre(4, 0));
  EXPECT_THAT(gather.step({{4, 2}, {4, 2}}, second_step()), ElementsAre(4, 2));
}

TEST(ReferenceExchange, AveragesFactorsOfLowRank) {
  auto linear = reference("lowrank(rank=1)", "ef14", "linear", {2, 2});
  const auto mean = linear.step({{1, 2, 2, 4}, {3, 6, 6, 12}}, {});
  const float expected[] = {2, 4, 4, 8};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(mean[i], expected[i], 1e-5f);
  EXPECT_NE(state(linear, 1, "q"), std::vector<float>(2));
}

// All ranks keep the same element; what is not kept stays in the residuals.
TEST(ReferenceExchange, SharesTheMaskOfRandomK) {
  auto linear = reference("randomk(k=1)", "ef14", "linear", {1, 2});
  const auto mean = linear.step({{2, 3}, {4, 5}}, {});
  const std::size_t kept = mean[0] == 0 ? 1 : 0;
  EXPECT_EQ(mean[kept], kept == 0 ? 3 : 4);
  EXPECT_EQ(mean[1 - kept], 0);
  EXPECT_EQ(state(linear, 0, "residual")[kept], 0);
  EXPECT_EQ(state(linear, 0, "residual")[1 - kept], kept == 0 ? 3 : 2);
}

// 1 + 2^-11 lies between two 16-bit numbers and goes to the even one; 65504 is the largest.
TEST(ReferenceExchange, RoundsTheMeanOfSixteenBitsOnceMore) {
  auto raw = reference<double>("cast(fp16)", "none", "raw", {1, 2});
  EXPECT_THAT(raw.step({{1, 65504}, {1 + 0x1p-10, 1e9}}, {}), ElementsAre(1, 65504));
}

}  // namespace
}  // namespace pith::test
