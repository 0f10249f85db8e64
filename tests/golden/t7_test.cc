// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <gtest/gtest.h>

#include <pith/feedback/ef21_stepsize.h>

#include "golden/descent.h"

// Richtarik, Gasanov, Burlachenko 2024 (EF21-W): where the ranks' smoothness differs, the
// arithmetic mean of the constants allows a longer step than the quadratic one.
namespace pith::test {
namespace {

constexpr double kOff = 2;  // steps by which a count may differ
constexpr double kAlpha = 0.1;
constexpr double kL = 25.3;
const std::vector<double> kLi{1, 1, 1, 100};

double step_by(SmoothnessMean mean) { return ef21_stepsize(kAlpha, kL, kLi, mean); }

TEST(T7, TheStepsAreThePublishedOnes) {
  EXPECT_NEAR(ef21_slowdown(kAlpha), 18.486833, 5e-7);
  EXPECT_NEAR(step_by(SmoothnessMean::quadratic), 0.00105288, 5e-9);
  EXPECT_NEAR(step_by(SmoothnessMean::arithmetic), 0.00199467, 5e-9);
}

TEST(T7, TheArithmeticMeanNeedsAboutHalfTheSteps) {
  const Problem problem = one_steep_rank();
  const double rate = step_by(SmoothnessMean::arithmetic);
  const std::vector<Method> methods{{"ef21", step_by(SmoothnessMean::quadratic)},
                                    {"ef21", rate},
                                    {"ef21", 4 * rate},
                                    {"ef21", 16 * rate}};
  const auto x = descend(problem, methods, 5000, Start::dense);
  constexpr double kTolerances[] = {1e-2, 1e-4, 1e-6};
  constexpr double kGolden[3][3] = {{1879, 3398, 4917}, {984, 1784, 2584}, {237, 434, 630}};
  for (std::size_t t = 0; t < 3; ++t) {
    double steps[3];
    for (std::size_t m = 0; m < 3; ++m) {
      steps[m] = steps_to(kTolerances[t], problem, x[m]);
      EXPECT_NEAR(steps[m], kGolden[m][t], kOff) << "method " << m << " to " << kTolerances[t];
    }
    EXPECT_LT(steps[1], 0.56 * steps[0]) << "to " << kTolerances[t];
  }
  EXPECT_GT(largest_norm(x[3]), 1e6);
}

}  // namespace
}  // namespace pith::test
