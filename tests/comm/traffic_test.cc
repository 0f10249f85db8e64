// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <pith/comm/traffic.h>

namespace pith::test {
namespace {

using Figures = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;

Figures figures(const Traffic& traffic) { return {traffic.sent, traffic.received, traffic.steps}; }

TEST(Traffic, OfReductionsIsThatOfARingRoundedUp) {
  EXPECT_EQ(figures(traffic::all_reduce(1000, 4)), Figures(1500, 1500, 6));
  EXPECT_EQ(figures(traffic::all_reduce(100, 3)), Figures(134, 134, 4));
  EXPECT_EQ(figures(traffic::reduce_scatter(1000, 4)), Figures(750, 750, 3));
  EXPECT_EQ(figures(traffic::reduce_scatter(100, 3)), Figures(67, 67, 2));
  EXPECT_EQ(figures(traffic::all_reduce(SIZE_MAX, 2)), Figures(SIZE_MAX, SIZE_MAX, 2));
}

TEST(Traffic, OfAGatherIsWhatOneHasAndTheOthersHave) {
  const std::vector<std::size_t> sizes{5, 70, 600};
  EXPECT_EQ(figures(traffic::all_gather(sizes, 0)), Figures(10, 670, 2));
  EXPECT_EQ(figures(traffic::all_gather(sizes, 2)), Figures(1200, 75, 2));
}

TEST(Traffic, OfAnExchangeLeavesOutWhatStays) {
  const std::vector<std::size_t> out_sizes{1, 20, 300};
  const std::vector<std::size_t> in_sizes{4, 20, 6};
  EXPECT_EQ(figures(traffic::all_to_all(out_sizes, in_sizes, 1)), Figures(301, 10, 2));
}

TEST(Traffic, OfABroadcastIsTheRoots) {
  EXPECT_EQ(figures(traffic::broadcast(100, 4, true)), Figures(300, 0, 3));
  EXPECT_EQ(figures(traffic::broadcast(100, 4, false)), Figures(0, 100, 3));
}

TEST(Traffic, OfABarrierIsSteps) { EXPECT_EQ(figures(traffic::barrier(4)), Figures(0, 0, 3)); }

TEST(Traffic, OfOneRankIsNone) {
  const std::vector<std::size_t> sizes{100};
  const Figures none{0, 0, 0};
  EXPECT_EQ(figures(traffic::all_reduce(100, 1)), none);
  EXPECT_EQ(figures(traffic::reduce_scatter(100, 1)), none);
  EXPECT_EQ(figures(traffic::all_gather(sizes, 0)), none);
  EXPECT_EQ(figures(traffic::all_to_all(sizes, sizes, 0)), none);
  EXPECT_EQ(figures(traffic::broadcast(100, 1, true)), none);
  EXPECT_EQ(figures(traffic::barrier(1)), none);
}

}  // namespace
}  // namespace pith::test
