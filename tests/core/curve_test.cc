// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/core/curve.h>

namespace pith::test {
namespace {

TEST(Curve, IsStraightBetweenItsPoints) {
  Curve curve;
  EXPECT_EQ(curve.at(7), 0) << "nothing is known";
  curve.add({10, 5});
  EXPECT_EQ(curve.at(1), 5);
  EXPECT_EQ(curve.at(100), 5);
  curve.add({20, 7});
  curve.add({40, 27});
  EXPECT_EQ(curve.at(1), 5);
  EXPECT_EQ(curve.at(10), 5);
  EXPECT_EQ(curve.at(15), 6);
  EXPECT_EQ(curve.at(20), 7);
  EXPECT_EQ(curve.at(30), 17);
  EXPECT_EQ(curve.at(50), 37) << "the last line goes on";
}

TEST(Curve, IsNeverBelowZero) {
  Curve curve;
  curve.add({10, 5});
  curve.add({20, 1});
  EXPECT_EQ(curve.at(100), 0);
}

}  // namespace
}  // namespace pith::test
