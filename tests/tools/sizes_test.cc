// SPDX-License-Identifier: Apache-2.0
#include "bench/sizes.h"

#include <gtest/gtest.h>

#include <pith/core/error.h>

namespace pith::bench {
namespace {

TEST(ParseBytes, TakesPowersOf1024AsSuffixes) {
  EXPECT_EQ(parse_bytes("7"), 7u);
  EXPECT_EQ(parse_bytes("64K"), 65'536u);
  EXPECT_EQ(parse_bytes("3M"), 3'145'728u);
  EXPECT_EQ(parse_bytes("2G"), 2'147'483'648u);
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
  for (const char* text : {"", "K", "0", "0M", "-4", "4 K", "4k", "1.5M", "4KB", "99999999999G"}) {
    EXPECT_THROW(parse_bytes(text), UsageError) << text;
  }
}

TEST(Sweep, MultipliesUntilTheLast) {
  EXPECT_EQ(sweep(4, 64, 2, 4), (std::vector<std::size_t>{4, 8, 16, 32, 64}));
  EXPECT_EQ(sweep(64, 64, 2, 4), (std::vector<std::size_t>{64}));
  EXPECT_EQ(sweep(64, 100, 2, 4), (std::vector<std::size_t>{64}));
}

TEST(Sweep, RoundsDownToWholeElementsAndGivesNoSizeTwice) {
  EXPECT_EQ(sweep(9, 20, 1.2, 8), (std::vector<std::size_t>{8, 16}));
}

TEST(ParseShape, TakesRowsAndColumns) { EXPECT_EQ(parse_shape("3x50"), (Shape{3, 50})); }

TEST(ParseShape, RefusesWhatIsNoMatrix) {
  for (const char* text :
       {"", "x", "3", "3x", "x3", "3x0", "0x3", "3x4x5", "3X4", "-1x2", "4294967295x2"}) {
    EXPECT_THROW(parse_shape(text), UsageError) << text;
  }
}

TEST(ParseExtents, TakesAnyNumberOfThem) {
  EXPECT_EQ(parse_extents("7"), Shape{7});
  EXPECT_EQ(parse_extents("64x3x7x7"), (Shape{64, 3, 7, 7}));
  EXPECT_EQ(parse_extents("65535x65537"), (Shape{65'535, 65'537}));
}

TEST(ParseExtents, RefusesWhatIsNoTensor) {
  for (const char* text : {"", "x", "7x", "x7", "7xx7", "0", "7x0", "7 x7", "65536x65536"}) {
    EXPECT_THROW(parse_extents(text), UsageError) << text;
  }
}

TEST(NearlySquare, HasTheNearestFactors) {
  EXPECT_EQ(nearly_square(1), (Shape{1, 1}));
  EXPECT_EQ(nearly_square(12), (Shape{3, 4}));
  EXPECT_EQ(nearly_square(13), (Shape{1, 13}));
  EXPECT_EQ(nearly_square(1u << 21), (Shape{1024, 2048}));
}

}  // namespace
}  // namespace pith::bench
