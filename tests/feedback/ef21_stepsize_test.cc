// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/core/error.h>
#include <pith/feedback/ef21_stepsize.h>

namespace pith::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;
using enum SmoothnessMean;

const std::vector<double> kExample{1, 1, 1, 100};  // Example 2.1 of the EF21-W paper

TEST(Ef21Stepsize, TakesTheMeansOfThePublishedExample) {
  // With alpha = 3/4, xi is 1: what is added to L is the mean itself.
  EXPECT_DOUBLE_EQ(ef21_slowdown(0.75), 1);
  const double quadratic = 1 / ef21_stepsize(0.75, 1, kExample, SmoothnessMean::quadratic) - 1;
  const double arithmetic = 1 / ef21_stepsize(0.75, 1, kExample, SmoothnessMean::arithmetic) - 1;
  EXPECT_NEAR(quadratic, 50.0075, 0.00005);
  EXPECT_NEAR(arithmetic, 25.75, 1e-12);
  EXPECT_NEAR(quadratic / arithmetic, 1.9420, 0.00005);
}

TEST(Ef21Stepsize, IsThatOfTheTestProblems) {
  EXPECT_NEAR(ef21_slowdown(1.0 / 3), 4.44948974, 5e-9);
  const std::vector<double> planes(3, 34.5);
  EXPECT_NEAR(ef21_stepsize(1.0 / 3, 17 + 1.0 / 6, planes, quadratic), 0.0058591, 5e-8);
  const std::vector<double> heterogeneous(4, 4.0);
  EXPECT_NEAR(ef21_stepsize(0.25, 2.5, heterogeneous, quadratic), 0.03526540, 5e-9);
}

TEST(Ef21Stepsize, OfEqualRanksIsTheSameForBothMeans) {
  const std::vector<double> equal(5, 3.0);
  EXPECT_DOUBLE_EQ(ef21_stepsize(0.1, 3, equal, quadratic),
                   ef21_stepsize(0.1, 3, equal, arithmetic));
}

TEST(Ef21Stepsize, WithoutCompressionIsThatOfGradientDescent) {
  for (const SmoothnessMean mean : {quadratic, arithmetic}) {
    EXPECT_EQ(ef21_slowdown(1), 0);
    EXPECT_EQ(ef21_stepsize(1, 25, kExample, mean), 1 / 25.0);
    EXPECT_EQ(ef21_stepsize_pl(1, 25, kExample, mean, 5), 1 / 25.0);
    EXPECT_EQ(ef21_stepsize_pl(1, 25, kExample, mean, 20), 1 / 40.0);  // theta = 1
  }
}

// alpha = 3/4: theta = 1/2, beta = 1/2, so sqrt(2 beta / theta) = sqrt(2).
TEST(Ef21Stepsize, UnderPlIsTheSmallerOfTwo) {
  EXPECT_DOUBLE_EQ(ef21_stepsize_pl(0.75, 10, kExample, arithmetic, 0.1),
                   1 / (10 + 25.75 * std::sqrt(2.0)));
  EXPECT_DOUBLE_EQ(ef21_stepsize_pl(0.75, 10, kExample, arithmetic, 100), 0.5 / 200);
}

TEST(Ef21Stepsize, OfStochasticGradientsIsTheSmallerOfTwo) {
  EXPECT_DOUBLE_EQ(ef21_sgdm_stepsize(0.1, 25, kExample, arithmetic, 1), 0.1 / (20 * 25.75));
  EXPECT_DOUBLE_EQ(ef21_sgdm_stepsize(1, 25, kExample, arithmetic, 0.01), 0.01 / (7 * 25));
  const std::vector<double> flat(3, 0.0);
  EXPECT_DOUBLE_EQ(ef21_sgdm_stepsize(0.1, 2, flat, quadratic, 0.5), 0.5 / 14);
}

TEST(Ef21Stepsize, NeitherOverflowsNorVanishes) {
  const std::vector<double> large{1e200, 1e200};
  const std::vector<double> small{1e-200, 1e-200};
  EXPECT_DOUBLE_EQ(ef21_stepsize(0.75, 1e200, large, quadratic), 0.5e-200);
  EXPECT_DOUBLE_EQ(ef21_stepsize(0.75, 1e-200, small, quadratic), 0.5e200);
}

TEST(Ef21Stepsize, NamesWhatIsOutOfRange) {
  const auto refuses = [](auto call, const char* name, const char* value) {
    EXPECT_THAT(call, ThrowsMessage<UsageError>(
                          AllOf(HasSubstr("ef21_stepsize"), HasSubstr(name), HasSubstr(value))));
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> negative{1, 2, -3};
  const std::vector<double> infinite{1, std::numeric_limits<double>::infinity()};
  refuses([] { ef21_slowdown(0); }, "alpha", "0");
  refuses([] { ef21_stepsize(1.5, 1, kExample, quadratic); }, "alpha", "1.5");
  refuses([=] { ef21_stepsize(nan, 1, kExample, quadratic); }, "alpha", "nan");
  refuses([] { ef21_stepsize(0.5, 0, kExample, quadratic); }, "L is", "0");
  refuses([&] { ef21_stepsize(0.5, 1, negative, quadratic); }, "L_i[2]", "-3");
  refuses([&] { ef21_stepsize(0.5, 1, infinite, arithmetic); }, "L_i[1]", "inf");
  refuses([] { ef21_stepsize(0.5, 1, {}, quadratic); }, "L_i", "one per rank");
  refuses([] { ef21_stepsize_pl(0.5, 1, kExample, quadratic, -2); }, "mu", "-2");
  refuses([] { ef21_sgdm_stepsize(0.5, 1, kExample, quadratic, 0); }, "eta", "0");
  refuses([] { ef21_sgdm_stepsize(0.5, 1, kExample, quadratic, 1.25); }, "eta", "1.25");
}

}  // namespace
}  // namespace pith::test
