// SPDX-License-Identifier: Apache-2.0
#include "bench/compare.h"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace pith::bench {
namespace {

using Floats = std::vector<float>;

TEST(CountWrong, IsBitwiseWithoutTolerance) {
  const Floats expected{1.0f, -2.0f, 0.0f, 3.0f};
  Floats result = expected;
  EXPECT_EQ(count_wrong<float>(result, expected, 0), 0u);
  result[1] = std::nextafter(result[1], 0.0f);
  result[2] = -0.0f;
  EXPECT_EQ(count_wrong<float>(result, expected, 0), 2u);
}

TEST(CountWrong, AllowsADistance) {
  const Floats expected{100.0f, 1.0f, 1.0f};
  const Floats result{100.5f, 1.5f, 1.75f};
  EXPECT_EQ(count_wrong<float>(result, expected, 0.5), 1u);
}

TEST(CountWrong, TakesNothingThatIsNotFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(count_wrong<float>(Floats{infinity, nan}, Floats{infinity, nan}, 0), 2u);
  EXPECT_EQ(count_wrong<float>(Floats{nan, 1.0f}, Floats{1.0f, 1.0f}, 1.0), 1u);
}

TEST(CountWrong, CountsWhatHasNoCounterpart) {
  EXPECT_EQ(count_wrong<float>(Floats{1.0f}, Floats{1.0f, 2.0f, 3.0f}, 1e9), 2u);
  EXPECT_EQ(count_wrong<float>(Floats{1.0f, 2.0f}, Floats{}, 1e9), 2u);
}

TEST(CountDifferent, CountsBytes) {
  const std::vector<std::byte> a{std::byte{1}, std::byte{2}, std::byte{3}};
  const std::vector<std::byte> b{std::byte{1}, std::byte{7}};
  EXPECT_EQ(count_different(a, a), 0u);
  EXPECT_EQ(count_different(a, b), 2u);
  EXPECT_EQ(count_different(b, a), 2u);
}

TEST(RelativeError, IsTheLostPartOfTheNorm) {
  EXPECT_DOUBLE_EQ(relative_error<float>(Floats{3.0f, 4.0f}, Floats{3.0f, 0.0f}), 0.8);
  EXPECT_DOUBLE_EQ(relative_error<float>(Floats{3.0f, 4.0f}, Floats{0.0f, 0.0f}), 1.0);
  EXPECT_DOUBLE_EQ(relative_error<float>(Floats{0.0f}, Floats{1.0f}), 0.0);
}

TEST(Largest, IgnoresTheSign) {
  EXPECT_EQ(largest<float>(Floats{1.0f, -5.0f, 4.0f}), 5.0);
  EXPECT_EQ(largest<float>(Floats{}), 0.0);
}

}  // namespace
}  // namespace pith::bench
