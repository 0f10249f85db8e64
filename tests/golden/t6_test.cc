// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/random.h>

#include "golden/descent.h"

// Fatkhullin, Tyurin, Richtarik 2023: under gradient noise EF21 is biased by the mean of the
// compressed noise, which no step size makes smaller.
namespace pith::test {
namespace {

constexpr std::uint64_t kSeeds = 4;

// f = |x|^2 / 2 in R^2. The noise has mean 0 and variance 1, but Top-1 of it has not mean 0.
Problem noisy(std::uint64_t seed) {
  const double size = std::sqrt(0.3);
  const std::array<Vector, 3> noise{Vector{2 * size, 0}, {0, size}, {-2 * size, -size}};
  const Random random({.seed = seed});
  return {1, {0, -0.01}, [=](std::size_t, std::uint64_t step, const Vector& x) {
            const Vector& drawn = noise[random.below(3, step)];
            return Vector{x[0] + drawn[0], x[1] + drawn[1]};
          }};
}

struct Noise {
  double floor = 0;   // mean of |x|^2 over the second half of all seeds' steps
  Vector mean{0, 0};  // of x, likewise
};

// The same noise for all methods.
std::vector<Noise> measure(const std::vector<Method>& methods, std::size_t steps) {
  std::vector<Noise> measured(methods.size());
  const double share = 2 / static_cast<double>(kSeeds * steps);
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Problem problem = noisy(seed);
    run_local(1, [&](Communicator& communicator) {
      Descent descent(communicator, problem, methods, Start::dense);
      for (std::size_t t = 0; t < steps; ++t) {
        descent.step();
        if (t < steps / 2) continue;
        for (std::size_t m = 0; m < methods.size(); ++m) {
          const Vector& x = descent.x(m);
          measured[m].floor += share * (x[0] * x[0] + x[1] * x[1]);
          for (std::size_t j = 0; j < 2; ++j) measured[m].mean[j] += share * x[j];
        }
      }
    });
  }
  return measured;
}

enum {
  kSgd,
  kEf21,
  kMomentum10,
  kMomentum1,
  kEf14,
  kEControl,
  kTwoMomenta,
  kDEc,
  kNarrow16,
  kNarrow8
};

std::vector<Method> all_methods(double rate) {
  return {{"none", rate, "none"},        {"ef21", rate}, {"ef21_sgdm(eta=0.1)", rate},
          {"ef21_sgdm(eta=0.01)", rate}, {"ef14", rate}, {"econtrol(eta=0.1)", rate}};
}

TEST(T6, Ef21StallsUnderNoiseAndTheOthersDoNot) {
  auto methods = all_methods(0.001);
  methods.push_back({"ef21_sgd2m(eta=0.01)", 0.001});
  methods.push_back({"d_ec", 0.001});
  methods.push_back({"ef14(state=bf16)", 0.001});
  methods.push_back({"ef14(state=8bit)", 0.001});
  const auto noise = measure(methods, 100'000);
  const double sgd = noise[kSgd].floor;
  EXPECT_GT(noise[kEf21].floor, 5 * sgd);
  EXPECT_LT(noise[kMomentum1].floor, 1.2 * sgd);
  EXPECT_LT(noise[kEf14].floor, 1.2 * sgd);
  EXPECT_LT(noise[kEControl].floor, 1.2 * sgd);
  EXPECT_LT(noise[kTwoMomenta].floor, 1.2 * sgd);
  EXPECT_LT(noise[kDEc].floor, 1.2 * sgd);
  EXPECT_LT(noise[kNarrow16].floor, 1.2 * sgd);
  EXPECT_LT(noise[kNarrow8].floor, 1.2 * sgd);
  // The reason: its mean is off, by about (-0.07, 0.01).
  EXPECT_NEAR(noise[kEf21].mean[0], -0.07, 0.015);
  EXPECT_NEAR(noise[kEf21].mean[1], 0.01, 0.015);
  for (std::size_t j = 0; j < 2; ++j) {
    EXPECT_NEAR(noise[kEControl].mean[j], noise[kSgd].mean[j], 1e-4);
  }
}

// Floors over that of SGD. Another program's noise, so only to 15 %.
TEST(T6, FloorsStandToEachOtherAsMeasuredElsewhere) {
  struct Row {
    double rate;
    std::size_t steps;
    std::vector<double> golden;  // in the order of all_methods()
  };
  const Row rows[] = {{0.1, 10'000, {5.3e-2, 8.6e-2, 5.2e-2, 5.0e-2, 5.4e-2, 7.2e-2}},
                      {0.01, 30'000, {5.0e-3, 1.18e-2, 5.4e-3, 5.0e-3, 5.0e-3, 5.3e-3}}};
  for (const Row& row : rows) {
    const auto noise = measure(all_methods(row.rate), row.steps);
    for (std::size_t m = 0; m < noise.size(); ++m) {
      const double ratio = noise[m].floor / noise[kSgd].floor;
      EXPECT_NEAR(ratio / (row.golden[m] / row.golden[kSgd]), 1, 0.15)
          << "rate " << row.rate << ", method " << m;
    }
  }
}

}  // namespace
}  // namespace pith::test
