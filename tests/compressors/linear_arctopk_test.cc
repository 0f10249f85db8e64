// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numeric>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/compressors/arctopk.h>
#include <pith/compressors/largest.h>
#include <pith/compressors/rounding.h>
#include <pith/core/error.h>
#include <pith/core/vector.h>

#include "compressors/linear_ranks.h"

namespace pith::test {
namespace {

struct Setting {
  std::size_t kept, block, sketch;
};

template <Element T>
LinearRanks<T> arctopk_ranks(std::size_t n, const Setting& s, std::size_t ranks,
                             ElementType factors = element_type<T>) {
  return {[=] {
            return std::make_unique<ArcTopK<T>>(
                n, typename ArcTopK<T>::Parameters{s.kept, s.block, s.sketch}, factors);
          },
          ranks};
}

template <Element T>
std::vector<std::size_t> support(const std::vector<T>& x) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] != 0) indices.push_back(i);
  }
  return indices;
}

std::vector<double> magnitudes(std::vector<double> x) {
  for (double& value : x) value = std::abs(value);
  return x;
}

// The mean is (0, -2, 1, 1), though the largest element of each rank is its first.
TEST(ArcTopK, KeepsWhatIsLargestInTheMean) {
  auto ranks = arctopk_ranks<double>(4, {1, 1, 1}, 2);
  ranks.step({{4, -3, 0, 1}, {-4, -1, 2, 1}});
  EXPECT_EQ(magnitudes(ranks.sent()[0]), (std::vector<double>{4, 3, 0, 1}));
  EXPECT_EQ(magnitudes(ranks.sent()[1]), (std::vector<double>{4, 1, 2, 1}));
  EXPECT_EQ(ranks.sent()[2], std::vector<double>{-3});
  EXPECT_EQ(ranks.own(0), (std::vector<double>{0, -3, 0, 0}));
  EXPECT_EQ(ranks.own(1), (std::vector<double>{0, -1, 0, 0}));
  EXPECT_EQ(ranks.reconstruction(1), (std::vector<double>{0, -2, 0, 0}));
}

TEST(ArcTopK, BreaksTiesByTheLowestBlock) {
  for (std::uint64_t step = 0; step < 10; ++step) {
    auto ranks = arctopk_ranks<float>(8, {2, 2, 1}, 1);
    ranks.step({{0, 0, 0, 3, -3, 0, 3, 0}}, {.step = step});
    EXPECT_EQ(ranks.reconstruction(), (std::vector<float>{0, 0, 0, 3, -3, 0, 0, 0}));
  }
}

TEST(ArcTopK, IsTopKOfTheMeanWithBlocksOfOne) {
  auto ranks = arctopk_ranks<float>(1000, {37, 1, 1}, 3);
  const auto inputs = gaussians<float>(3, 1000, 1);
  ranks.step(inputs);
  Scratch scratch;
  const auto mean = mean_of(inputs);
  const auto expected = largest_plain<float>(mean, 37, scratch);
  EXPECT_THAT(support(ranks.reconstruction()), testing::ElementsAreArray(expected));
  for (const std::size_t i : expected) EXPECT_EQ(ranks.reconstruction()[i], mean[i]);
}

// Whatever the signs are, a block of one element that is not zero is known exactly.
TEST(ArcTopK, FindsTheBlocksOfSingleElements) {
  std::vector<double> x(64);
  for (std::size_t b = 0; b < 8; ++b) x[8 * b + b] = b == 5 ? 1.001 : 1;
  for (std::uint64_t step = 0; step < 20; ++step) {
    auto ranks = arctopk_ranks<double>(64, {1, 8, 1}, 1);
    ranks.step({x}, {.step = step});
    EXPECT_EQ(support(ranks.reconstruction()), std::vector<std::size_t>{45});
  }
}

/// Estimates of the squared norm of x, a single block, in many steps.
std::vector<double> estimates(const std::vector<double>& x, std::size_t sketch) {
  constexpr std::size_t kDraws = 20'000;
  ArcTopK<double> arctopk(x.size(), {.kept = 1, .block = x.size(), .sketch = sketch});
  LinearCompressor<double>& linear = arctopk;
  std::vector<double> out(sketch), all;
  Scratch scratch;
  for (std::uint64_t step = 0; step < kDraws; ++step) {
    linear.factor(0, x, {.seed = 3, .step = step}, out, scratch);
    all.push_back(squared_norm<double>(out) / static_cast<double>(sketch));
  }
  return all;
}

// Var s^2 = 2 (||x||^4 - sum x^4) for one row of signs.
TEST(ArcTopK, U8SketchEstimatesSquaredNormsWithoutBias) {
  const auto x = gaussian<double>(16, 2);
  const double norm = squared_norm<double>(x);
  double fourth = 0;
  for (const double value : x) fourth += std::pow(value, 4);
  for (const std::size_t sketch : {1u, 4u}) {
    const auto drawn = estimates(x, sketch);
    const auto count = static_cast<double>(drawn.size());
    const double mean = std::accumulate(drawn.begin(), drawn.end(), 0.0) / count;
    double variance = 0;
    for (const double value : drawn) variance += (value - mean) * (value - mean) / count;
    const double expected = 2 * (norm * norm - fourth) / static_cast<double>(sketch);
    EXPECT_NEAR(mean, norm, 5 * std::sqrt(expected / count));
    EXPECT_NEAR(variance, expected, 0.1 * expected);
    EXPECT_LT(expected, 2 * norm * norm / static_cast<double>(sketch));
  }
}

// 20 blocks of 5, three sums each, of which all count.
TEST(ArcTopK, KeepsTheBlocksWhoseAveragedSketchIsLargest) {
  auto ranks = arctopk_ranks<double>(100, {6, 5, 3}, 2);
  ranks.step(gaussians<double>(2, 100, 7));
  const auto sketch = mean_of<double>({ranks.sent()[0], ranks.sent()[1]});
  std::vector<double> norms(20);
  for (std::size_t i = 0; i < 60; ++i) norms[i % 20] += sketch[i] * sketch[i];
  std::vector<std::size_t> expected;
  for (std::size_t i = 0; i < 100; ++i) {
    const double norm = norms[i / 5];
    if (std::ranges::count_if(norms, [&](double other) { return other > norm; }) < 6) {
      expected.push_back(i);
    }
  }
  EXPECT_EQ(support(ranks.reconstruction()), expected);
}

// As of an embedding, of which a batch touches a few rows: nothing is lost while there is room for
// the rows of all ranks.
TEST(ArcTopK, SendsAMatrixOfFewRowsWhole) {
  constexpr std::size_t kRows = 200, kColumns = 16;
  Vectors<float> x(3, std::vector<float>(kRows * kColumns));
  for (std::size_t r = 0; r < 3; ++r) {
    for (const std::size_t row : {7 + 40 * r, 8 + 40 * r, std::size_t{199}}) {
      const auto values = gaussian<float>(kColumns, 10 * r + row);
      std::ranges::copy(values, x[r].begin() + static_cast<std::ptrdiff_t>(row * kColumns));
    }
  }
  auto ranks = arctopk_ranks<float>(kRows * kColumns, {7, kColumns, 1}, 3);
  ranks.step(x);
  EXPECT_EQ(ranks.reconstruction(), mean_of(x));
  for (std::size_t r = 0; r < 3; ++r) EXPECT_EQ(ranks.own(r), x[r]);
}

// Small integers add exactly.
TEST(ArcTopK, SketchOfASumIsTheSumOfTheSketches) {
  auto ranks = arctopk_ranks<float>(100, {2, 16, 3}, 3);
  Vectors<float> x(3, std::vector<float>(100));
  for (std::size_t i = 0; i < 100; ++i) {
    x[0][i] = static_cast<float>(i % 7) - 3;
    x[1][i] = static_cast<float>(i % 5) - 1;
    x[2][i] = x[0][i] + x[1][i];
  }
  ranks.step(x);
  ASSERT_EQ(ranks.sent()[0].size(), 3u * 7);
  for (std::size_t i = 0; i < 3 * 7; ++i) {
    EXPECT_EQ(ranks.sent()[0][i] + ranks.sent()[1][i], ranks.sent()[2][i]);
  }
}

// The second factor keeps its size: what the short block lacks is sent as zeros.
TEST(ArcTopK, TakesAShorterLastBlockForOne) {
  auto ranks = arctopk_ranks<float>(10, {2, 4, 1}, 1);
  ranks.step({{0, 0, 0, 9, 0, 0, 0, 8, 1, 0}});
  EXPECT_EQ(ranks.sent()[1], (std::vector<float>{0, 0, 0, 9, 0, 0, 0, 8}));
  ranks.step({{0, 0, 0, 9, 0, 0, 0, 8, 0, 10}});
  EXPECT_EQ(ranks.sent()[1], (std::vector<float>{0, 0, 0, 9, 0, 10, 0, 0}));
  EXPECT_EQ(support(ranks.reconstruction()), (std::vector<std::size_t>{3, 9}));
}

TEST(ArcTopK, DrawsItsSignsFromSeedTensorAndStepOnEveryRankAlike) {
  const std::vector<float> ones(300, 1);
  auto ranks = arctopk_ranks<float>(300, {1, 100, 1}, 2);
  const auto sketch = [&](const RandomKey& key) {
    ranks.step({ones, ones}, key);
    EXPECT_EQ(ranks.sent()[0], ranks.sent()[1]);
    return ranks.sent()[0];
  };
  const auto first = sketch({.seed = 1, .tensor = 2, .step = 3});
  EXPECT_EQ(sketch({.seed = 1, .tensor = 2, .step = 3}), first);
  EXPECT_NE(sketch({.seed = 9, .tensor = 2, .step = 3}), first);
  EXPECT_NE(sketch({.seed = 1, .tensor = 9, .step = 3}), first);
  EXPECT_NE(sketch({.seed = 1, .tensor = 2, .step = 9}), first);
}

// No square of a float is too small or too large.
TEST(ArcTopK, OrdersTheSmallestAndTheLargestNumbers) {
  for (const float unit : {1e-44f, 1e37f}) {
    auto ranks = arctopk_ranks<float>(4, {1, 1, 1}, 1);
    ranks.step({{unit, 2 * unit, -4 * unit, 3 * unit}});
    EXPECT_EQ(support(ranks.reconstruction()), std::vector<std::size_t>{2});
  }
}

// What the ranks have of opposite sign is never sent, and stays in their residuals.
TEST(ArcTopK, PromisesNothingOfARanksOwnPart) {
  auto ranks = arctopk_ranks<double>(2, {1, 1, 1}, 2);
  Vectors<double> residuals(2, std::vector<double>(2));
  for (std::uint64_t step = 0; step < 3; ++step) {
    axpy<double>(1, std::vector<double>{5, 1}, residuals[0]);
    axpy<double>(1, std::vector<double>{-5, 1}, residuals[1]);
    ranks.step(residuals, {.step = step});
    for (std::size_t r = 0; r < 2; ++r) ranks[r].own().axpy(-1, 0, residuals[r]);
    EXPECT_EQ(ranks.reconstruction(), (std::vector<double>{0, 1}));
  }
  EXPECT_EQ(residuals, (Vectors<double>{{15, 0}, {-15, 0}}));
  EXPECT_FALSE(ranks[0].guarantee().contraction);
  EXPECT_FALSE(ranks[0].guarantee().variance);
}

TEST(ArcTopK, RoundsSixteenBitFactorsBeforeTheyAreAccounted) {
  auto ranks = arctopk_ranks<float>(4, {4, 1, 1}, 2, ElementType::float16);
  ranks.step({{1, 0.1f, 1e6f, -3}, {1, 0.1f, 0, 5}});
  EXPECT_EQ(std::abs(ranks.sent()[0][1]), 0x1.998p-4f);
  EXPECT_EQ(ranks.sent()[2], (std::vector<float>{1, 0x1.998p-4f, 65504, -3}));
  EXPECT_EQ(ranks.own(0), ranks.sent()[2]);
  EXPECT_EQ(ranks[0].factor_type(), ElementType::float16);
}

TEST(ArcTopK, U6SendsTheSketchAndTheKeptBlocks) {
  const auto elements = [](const char* spec, const Shape& shape) {
    const auto arctopk = make_arctopk<float>(parse_spec(spec), shape);
    EXPECT_EQ(arctopk->rounds(), 2);
    return std::vector{arctopk->factor_elements(0), arctopk->factor_elements(1)};
  };
  using Elements = std::vector<std::size_t>;
  // 1568 blocks, of which ceil(15.68) are kept.
  EXPECT_EQ(elements("arctopk(density=0.01)", {784, 512}), (Elements{1568, 16 * 256}));
  EXPECT_EQ(elements("arctopk(density=0.01,block=64,sketch=2)", {784, 512}),
            (Elements{2 * 6272, 63 * 64}));
  EXPECT_EQ(elements("arctopk(density=1)", {1000}), (Elements{4, 1000}));
  EXPECT_EQ(elements("arctopk(density=0.01)", {7}), (Elements{1, 7}));
  EXPECT_EQ(elements("arctopk(density=0.01)", {0}), (Elements{0, 0}));
}

TEST(ArcTopK, RejectsWhatItsSpecMayNotSay) {
  const auto message = [](const char* spec) -> std::string {
    try {
      make_arctopk<float>(parse_spec(spec), Shape{10});
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  };
  using testing::AllOf, testing::HasSubstr, testing::StartsWith;
  for (const char* spec :
       {"arctopk", "arctopk(density=0)", "arctopk(density=1.5)", "arctopk(density=0.1,block=0)",
        "arctopk(density=0.1,sketch=0)", "arctopk(density=0.1,k=3)"}) {
    EXPECT_THAT(message(spec), StartsWith(spec));
  }
  EXPECT_THAT(message("arctopk(density=0.1,block=8,sketch=9)"),
              AllOf(HasSubstr("sketch"), HasSubstr("9"), HasSubstr("1 to 8")));
  const auto make = [](std::size_t n) { ArcTopK<float>(n, {.kept = 1, .block = 2, .sketch = 1}); };
  const std::size_t most = 2 * 0xffffffffull;
  EXPECT_NO_THROW(make(most));
  EXPECT_THROW(make(most + 1), UsageError);
}

}  // namespace
}  // namespace pith::test
