// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "golden/descent.h"

// Mishchenko et al. 2019; Condat, Yi, Richtarik 2022: unbiased compressors of large variance.
namespace pith::test {
namespace {

constexpr const char* kTernary = "quantize(bits=2,range=qsgd)";  // variance 2 of 4 elements

// By the published step 1 / ((1 + 6 omega / p) L) with omega = 2 and L = 2.5.
constexpr double kRate = 0.1;

TEST(Diana, ReachesTheMinimumWherePlainNoiseStalls) {
  const Problem problem = heterogeneous();
  const std::vector<Method> methods{{"ef_bv", kRate, kTernary}, {"none", kRate, kTernary}};
  const auto x = descend(problem, methods, 400);
  std::cerr << steps_to(1e-5, problem, x[0]) << ' ' << steps_to(1e-10, problem, x[0]) << ' '
            << floor_of(problem, x[1]) << ' ' << steps_to(1e-12, problem, x[0]) << '\n';
}

TEST(Diana, WithBothStepsOneItIsEf21) {
  const Problem problem = heterogeneous();
  const auto x =
      descend(problem, {{"ef_bv", 0.05}, {"ef_bv(lambda=1,nu=1)", 0.05}, {"ef21", 0.05}}, 200);
  EXPECT_EQ(x[0], x[2]);
  EXPECT_EQ(x[1], x[2]);
}

}  // namespace
}  // namespace pith::test
