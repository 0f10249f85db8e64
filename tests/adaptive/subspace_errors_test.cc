// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include "adaptive/curve_data.h"
#include "compressors/message_codec.h"
#include "support/reference_errors.h"

namespace pith::test {
namespace {

constexpr std::size_t kRows = 40;
constexpr std::size_t kColumns = 60;

// Singular values 10, 8, 6, 4, 2 and noise that changes from step to step.
template <Element T>
std::vector<T> near_rank_5(std::uint64_t step) {
  auto x = data<T>("gaussian", kRows * kColumns, 100 + step);
  for (T& v : x) v *= T(0.02);
  for (std::size_t k = 0; k < 5; ++k) {
    for (std::size_t i = 0; i < kRows; ++i) {
      for (std::size_t j = 0; j < kColumns; ++j) {
        const double left = std::cos(3.14159265 * double(k + 1) * (double(i) + 0.5) / kRows);
        const double right = std::cos(3.14159265 * double(k + 1) * (double(j) + 0.5) / kColumns);
        const double size = (10.0 - 2.0 * double(k)) * 2 / std::sqrt(double(kRows * kColumns));
        x[i * kColumns + j] += static_cast<T>(size * left * right);
      }
    }
  }
  return x;
}

std::string lowrank(std::size_t rank) { return "lowrank(rank=" + std::to_string(rank) + ")"; }

// The first rows of the factors of rank 16 are those of any lower rank, step after step.
TEST(SubspaceErrors, AreThoseOfEveryRankItself) {
  for_each_type([]<class T>(T) {
    const Shape shape{kRows, kColumns};
    const std::vector<std::size_t> ranks{1, 2, 3, 5, 8, 16, 40};
    std::vector<std::string> specs;
    std::vector<ReferenceError<T>> references;
    for (const std::size_t rank : ranks) {
      specs.push_back(lowrank(rank));
      references.emplace_back(parse_pipeline(specs.back()), shape);
    }
    ErrorCurve<T> curve(pipelines(specs), shape);
    Scratch scratch;
    for (std::uint64_t step = 0; step < 4; ++step) {
      const auto x = near_rank_5<T>(step);
      const RandomKey key{.seed = 3, .step = step};
      curve.reset();
      ASSERT_TRUE(curve.observe(WholeSource<T>(x), key, scratch));
      for (std::size_t r = 0; r < ranks.size(); ++r) {
        const double error = references[r].measure(x, key).squared_error;
        EXPECT_NEAR(curve.squared_errors()[r], error, 1e-5 * curve.squared_norm())
            << specs[r] << " in step " << step;
      }
    }
  });
}

// Power iterations of one matrix come to what is left of its singular values.
TEST(SubspaceErrors, ComeToTheTailOfTheSingularValues) {
  std::vector<double> x(kRows * kColumns);
  for (std::size_t i = 0; i < kRows; ++i) x[i * kColumns + i] = std::pow(0.5, double(i));
  std::vector<std::string> specs{lowrank(1), lowrank(2), lowrank(4)};
  ErrorCurve<double> curve(pipelines(specs), {kRows, kColumns});
  Scratch scratch;
  for (std::uint64_t step = 0; step < 20; ++step) {
    curve.reset();
    curve.observe(WholeSource<double>(x), {.step = step}, scratch);
  }
  EXPECT_NEAR(curve.squared_errors()[0], 1.0 / 3, 1e-6);
  EXPECT_NEAR(curve.squared_errors()[1], 1.0 / 12, 1e-6);
  EXPECT_NEAR(curve.squared_errors()[2], 1.0 / 192, 1e-6);
}

// acp multiplies with the factor of the step before, the left and the right one in turn; what the
// right one leaves stands for both.
TEST(SubspaceErrors, OfAcpAreItsMeanOverSteps) {
  const Shape shape{kRows, kColumns};
  const std::vector<std::string> specs{"acp(rank=1)", "acp(rank=3)", "acp(rank=5)"};
  ErrorCurve<double> curve(pipelines(specs), shape);
  Scratch scratch;
  std::vector<double> errors(specs.size());
  constexpr std::uint64_t kWarm = 12;
  constexpr std::uint64_t kSteps = 6;
  std::vector<ReferenceError<double>> references;
  for (const auto& spec : specs) references.emplace_back(parse_pipeline(spec), shape);
  for (std::uint64_t step = 0; step < kWarm + kSteps; ++step) {
    const auto x = near_rank_5<double>(step);
    if (step == kWarm) curve.reset();
    curve.observe(WholeSource<double>(x), {.step = step}, scratch);
    for (std::size_t c = 0; c < specs.size(); ++c) {
      const double error = references[c].measure(x, {.step = step}).squared_error;
      if (step >= kWarm) errors[c] += error / kSteps;
    }
  }
  for (std::size_t c = 0; c < specs.size(); ++c) {
    EXPECT_NEAR(curve.squared_errors()[c], errors[c], 0.06 * errors[c]) << specs[c];
  }
}

}  // namespace
}  // namespace pith::test
