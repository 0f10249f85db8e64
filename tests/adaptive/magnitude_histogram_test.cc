// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <pith/adaptive/magnitude_histogram.h>

#include "adaptive/curve_data.h"
#include "compressors/message_codec.h"

namespace pith::test {
namespace {

TEST(MagnitudeHistogram, CountsAndSumsExactly) {
  for_each_type([]<class T>(T) {
    Scratch scratch;
    MagnitudeHistogram<T> histogram(7, scratch);
    histogram.add(std::vector<T>{T(1), T(-1.0625), T(1.03125), T(0), T(-0.0), T(4), T(1)});
    const auto bins = histogram.bins(scratch);
    ASSERT_EQ(bins.size(), 4u);  // 0; [1, 17/16); [17/16, 18/16); [4, 17/4)
    EXPECT_EQ(bins[0].count, 2);
    EXPECT_EQ(bins[0].squares, 0);
    EXPECT_EQ(bins[1].count, 3);
    EXPECT_EQ(bins[1].squares, 2 + 1.03125 * 1.03125);
    EXPECT_EQ(bins[1].low, 1);
    EXPECT_EQ(bins[1].high, 1.0625);
    EXPECT_EQ(bins[2].count, 1);
    EXPECT_EQ(bins[3].squares, 16);
  });
}

TEST(MagnitudeHistogram, HoldsTheSmallestAndTheLargest) {
  for_each_type([]<class T>(T) {
    using Limits = std::numeric_limits<T>;
    Scratch scratch;
    MagnitudeHistogram<T> histogram(7, scratch);
    histogram.add(std::vector<T>{Limits::denorm_min(), Limits::min(), std::sqrt(Limits::max())});
    const auto bins = histogram.bins(scratch);
    ASSERT_EQ(bins.size(), 3u);
    for (const MagnitudeBin& bin : bins) EXPECT_EQ(bin.count, 1);
  });
}

// Squares from 1 to 1.125: half of them are the smaller ones, and add up to less than half.
TEST(MagnitudeBin, IsSpreadEvenlyAroundItsMean) {
  const MagnitudeBin bin{.low = 1, .high = std::sqrt(1.125), .count = 100, .squares = 106.25};
  EXPECT_NEAR(bin.spread(), 0.125, 1e-12);
  EXPECT_NEAR(bin.least_squares(1), 106.25, 1e-12);
  EXPECT_NEAR(bin.least_squares(0.5), 50 * (1 + 0.0625 / 2), 1e-9);
  EXPECT_NEAR(bin.share_below(std::sqrt(1.0625)), 0.5, 1e-12);
  EXPECT_EQ(bin.share_below(1), 0);
  EXPECT_EQ(bin.share_below(2), 1);
}

TEST(MagnitudeBin, OfEqualElementsAtItsEndHasNoSpread) {
  const MagnitudeBin bin{.low = 1, .high = 1.0625, .count = 10, .squares = 10};
  EXPECT_EQ(bin.spread(), 0);
  EXPECT_EQ(bin.least_squares(0.3), 3);
  EXPECT_EQ(bin.share_below(1), 0);
  EXPECT_EQ(bin.mean(), 1);
}

}  // namespace
}  // namespace pith::test
