// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/compressors/randomk.h>
#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/core/vector.h>

#include "compressors/linear_ranks.h"

namespace pith::test {
namespace {

constexpr std::uint64_t kDraws = 20'000;

/// What many draws of C(x) show: the mean of C(x)[i], and mean and deviation of ||C(x) - x||^2.
struct Drawn {
  std::vector<double> mean;
  double error = 0;
  double error_deviation = 0;
};

Drawn draw(LinearCompressor<double>& randomk, const std::vector<double>& x) {
  Drawn drawn{.mean = std::vector<double>(x.size())};
  std::vector<double> out(randomk.factor_elements(0)), y(x.size());
  double squares = 0;
  Scratch scratch;
  for (std::uint64_t step = 0; step < kDraws; ++step) {
    scratch.clear();
    std::ranges::fill(y, 0);
    randomk.factor(0, x, {.seed = 9, .step = step}, out, scratch);
    randomk.reconstruction().axpy(1, 0, y);
    axpy<double>(1.0 / kDraws, y, drawn.mean);
    const double error = squared_distance(y, x);
    drawn.error += error / kDraws;
    squares += error * error / kDraws;
  }
  drawn.error_deviation = std::sqrt(std::max(0.0, squares - drawn.error * drawn.error) / kDraws);
  return drawn;
}

std::vector<double> one_hot(std::size_t n) {
  std::vector<double> x(n);
  x[n / 3] = 2;
  return x;
}

TEST(RandomK, T11U9ExpectedErrorIsTheShareOfWhatIsDropped) {
  RandomK<double> randomk(40, 10);
  for (const auto& x : {gaussian<double>(40, 1), one_hot(40)}) {
    const Drawn drawn = draw(randomk, x);
    const double expected = (1 - 10.0 / 40) * squared_norm<double>(x);
    EXPECT_NEAR(drawn.error, expected, 5 * drawn.error_deviation);
  }
  EXPECT_EQ(randomk.guarantee().contraction, 0.25);
  EXPECT_FALSE(randomk.guarantee().variance);
  EXPECT_TRUE(randomk.guarantee().contraction_is_typical);
}

TEST(RandomK, T11ExpectedErrorOfTheUnbiasedFormIsOmega) {
  RandomK<double> randomk(40, 10, RandomK<double>::Scale::unbiased);
  for (const auto& x : {gaussian<double>(40, 1), one_hot(40)}) {
    const Drawn drawn = draw(randomk, x);
    EXPECT_NEAR(drawn.error, 3 * squared_norm<double>(x), 5 * drawn.error_deviation);
  }
  EXPECT_EQ(randomk.guarantee().variance, 3.0);
  EXPECT_FALSE(randomk.guarantee().contraction);
}

TEST(RandomK, U8MeanOfTheUnbiasedFormIsTheInput) {
  RandomK<double> randomk(40, 10, RandomK<double>::Scale::unbiased);
  const auto x = gaussian<double>(40, 2);
  const Drawn drawn = draw(randomk, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    // An element is 4 x with probability 1/4, else 0: its variance is 3 x^2.
    EXPECT_NEAR(drawn.mean[i], x[i], 5 * std::sqrt(3 * x[i] * x[i] / kDraws));
  }
}

TEST(RandomK, ContractsWithOneMinusOmegaWhereThatIsPositive) {
  const auto guarantee = RandomK<float>(10, 8, RandomK<float>::Scale::unbiased).guarantee();
  EXPECT_DOUBLE_EQ(*guarantee.variance, 0.25);
  EXPECT_DOUBLE_EQ(*guarantee.contraction, 0.75);
}

TEST(RandomK, SixteenBitFactorsPromiseLess) {
  const auto promise = [](RandomK<float>::Scale scale, ElementType type) {
    return RandomK<float>(10, 5, scale, type).guarantee();
  };
  using Scale = RandomK<float>::Scale;
  EXPECT_EQ(promise(Scale::none, ElementType::bfloat16).contraction, 0.5 * (1 - 0x1p-16));
  EXPECT_FALSE(promise(Scale::none, ElementType::float16).contraction);
  EXPECT_FALSE(promise(Scale::unbiased, ElementType::bfloat16).variance);
}

TEST(RandomK, RoundsSixteenBitFactorsBeforeTheyAreAccounted) {
  const auto make = [] {
    return std::make_unique<RandomK<float>>(4, 4, RandomK<float>::Scale::none,
                                            ElementType::float16);
  };
  LinearRanks<float> ranks(make, 2);
  ranks.step({{1, 0.1f, 1e6f, -3}, {1, 0.1f, 0, 5}});
  EXPECT_EQ(ranks.sent()[0], (std::vector<float>{1, 0x1.998p-4f, 65504, -3}));
  EXPECT_EQ(ranks.own(0), ranks.sent()[0]);
  EXPECT_EQ(ranks[0].factor_type(), ElementType::float16);
}

TEST(RandomK, T11KeepsAllOrNoElements) {
  const auto x = gaussians<float>(1, 50, 1);
  LinearRanks<float> all([] { return std::make_unique<RandomK<float>>(50, 60); }, 1);
  all.step(x);
  EXPECT_EQ(all.reconstruction(), x[0]);
  EXPECT_EQ(all[0].guarantee().contraction, 1.0);
  EXPECT_EQ(RandomK<float>(50, 0).factor_elements(0), 1u);
  EXPECT_EQ(RandomK<float>(0, 5).factor_elements(0), 0u);
  EXPECT_EQ(RandomK<float>(0, 5).guarantee().contraction, 1.0);
}

TEST(RandomK, U1ConservesEveryBit) {
  for (const std::size_t n : {1u, 7u, 8u, 9u, 31u, 32u, 33u, 1000u, 65537u}) {
    LinearRanks<float> ranks([n] { return std::make_unique<RandomK<float>>(n, n / 10); }, 2);
    const auto inputs = gaussians<float>(2, n, 4);
    ranks.step(inputs);
    for (std::size_t r = 0; r < 2; ++r) {
      auto residual = inputs[r], sum = ranks.own(r);
      ranks[r].own().axpy(-1, 0, residual);
      axpy<float>(1, residual, sum);
      EXPECT_EQ(sum, inputs[r]);
      for (std::size_t i = 0; i < n; ++i)
        EXPECT_TRUE(residual[i] == 0 || residual[i] == inputs[r][i]);
    }
  }
}

TEST(RandomK, DrawsItsMaskFromSeedTensorAndStepOnEveryRankAlike) {
  LinearRanks<float> ranks([] { return std::make_unique<RandomK<float>>(10'000, 50); }, 2);
  const std::vector<float> ones(10'000, 1);
  const auto mask = [&](std::uint64_t seed, std::string_view tensor, std::uint64_t step) {
    ranks.step({ones, ones}, {.seed = seed, .tensor = hash(tensor), .step = step});
    EXPECT_EQ(ranks.own(0), ranks.own(1));
    return ranks.reconstruction();
  };
  EXPECT_EQ(mask(1, "ab", 5), mask(1, "ab", 5));
  EXPECT_NE(mask(1, "ab", 5), mask(2, "ab", 5));
  EXPECT_NE(mask(1, "ab", 5), mask(1, "ab", 6));
  EXPECT_NE(mask(1, "ab", 5), mask(1, "ba", 5)) << "anagrams";
  EXPECT_NE(mask(1, "b", 5), mask(1, "a", 6)) << "names one letter apart, one step apart";
}

TEST(RandomK, U6SendsKElements) {
  const Shape shape{784, 512};
  const auto elements = [&](const char* spec) {
    return make_randomk<float>(parse_spec(spec), shape)->factor_elements(0);
  };
  EXPECT_EQ(elements("randomk(density=0.01)"), 4015u);  // ceil(4014.08)
  EXPECT_EQ(elements("randomk(k=17)"), 17u);
  EXPECT_EQ(elements("randomk(k=1000000,scale=unbiased)"), 401408u);
  EXPECT_EQ(make_randomk<float>(parse_spec("randomk(k=17)"), shape)->rounds(), 1);
}

TEST(RandomK, RejectsWhatItsSpecMayNotSay) {
  const auto message = [](const char* spec) -> std::string {
    try {
      make_randomk<float>(parse_spec(spec), Shape{10});
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  };
  using testing::AllOf, testing::HasSubstr, testing::StartsWith;
  for (const char* spec : {"randomk(density=0)", "randomk(density=1.5)", "randomk(density=nan)",
                           "randomk", "randomk(k=0)", "randomk(k=-3)", "randomk(k=3,scale=twice)",
                           "randomk(k=3,seed=1)", "randomk(density=0.1,k=3)"}) {
    EXPECT_THAT(message(spec), StartsWith(spec));
  }
  EXPECT_THAT(message("randomk(density=1.5)"), AllOf(HasSubstr("density"), HasSubstr("1.5")));
}

}  // namespace
}  // namespace pith::test
