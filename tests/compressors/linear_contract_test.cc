// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <pith/compressors/cast_linear.h>
#include <pith/compressors/lowrank.h>
#include <pith/compressors/randomk.h>
#include <pith/core/vector.h>

#include "compressors/linear_ranks.h"

// What every linear compressor must keep to, over types and shapes.
namespace pith::test {
namespace {

template <Element T>
struct LinearCase {
  std::string name;
  Shape shape;
  typename LinearRanks<T>::Make make;
  bool contracts;  // ||C(x)|| <= ||x|| and ||C(x) - x|| <= ||x|| for every x

  // Relative rounding of a sum of own parts, by what the factors travel as.
  double tolerance() const {
    switch (make()->factor_type()) {
      case ElementType::float16:
        return 0x1p-9;
      case ElementType::bfloat16:
        return 0x1p-6;
      default:
        return 200 * static_cast<double>(std::numeric_limits<T>::epsilon());
    }
  }
};

template <Element T>
std::vector<LinearCase<T>> cases_of(const Shape& shape) {
  constexpr auto kHalf = ElementType::float16;
  std::vector<LinearCase<T>> cases;
  const auto add = [&](const char* text, auto make, bool contracts = true) {
    const Spec spec = parse_spec(text);
    cases.push_back({std::string(text) + " " + shape.text(), shape,
                     [=] { return make(spec, shape); }, contracts});
  };
  const auto randomk = [](const Spec& spec, const Shape& s) { return make_randomk<T>(spec, s); };
  const auto lowrank = [](const Spec& spec, const Shape& s) { return make_lowrank<T>(spec, s); };
  add("randomk(density=0.1)", randomk);
  add("randomk(k=3)", randomk);
  add("randomk(density=0.3,scale=unbiased)", randomk, false);
  add("randomk(density=0.5)",
      [](const Spec& spec, const Shape& s) { return make_randomk<T>(spec, s, kHalf); });
  add("cast(fp16)", make_cast_linear<T>);
  add("cast(bf16)", make_cast_linear<T>);
  if (!shape.is_matrix()) return cases;
  add("lowrank(rank=1)", lowrank);
  add("lowrank(rank=4)", lowrank);
  add("lowrank(rank=4,warm=false)", lowrank);
  add("lowrank(rank=2)",
      [](const Spec& spec, const Shape& s) { return make_lowrank<T>(spec, s, kHalf); });
  return cases;
}

template <class T>
class LinearContract : public testing::Test {
 protected:
  static constexpr std::size_t kRanks = 3;

  /// Calls check(case) for all compressors and shapes.
  template <class Check>
  static void for_each_case(const Check& check) {
    const std::vector<Shape> shapes = {
        {0},    {1},    {7},    {8},    {9},    {31},   {32},     {33},     {1000},   {65537},
        {0, 0}, {0, 5}, {5, 0}, {1, 1}, {1, 7}, {7, 1}, {33, 20}, {64, 64}, {257, 3}, {4, 3, 5, 2}};
    for (const Shape& shape : shapes) {
      for (const auto& one : cases_of<T>(shape)) {
        SCOPED_TRACE(one.name);
        check(one);
      }
    }
  }

  static std::vector<T> zeros(const LinearCase<T>& one) {
    return std::vector<T>(one.shape.elements());
  }

  static double squared_norm_of(const std::vector<T>& x) {
    return squared_distance(x, std::vector<T>(x.size()));
  }

  static void expect_near(const std::vector<T>& x, const std::vector<T>& y, double relative) {
    const double scale = std::sqrt(std::max(squared_norm_of(x), squared_norm_of(y)));
    EXPECT_LE(std::sqrt(squared_distance(x, y)), relative * scale);
  }
};

using Elements = testing::Types<float, double>;
TYPED_TEST_SUITE(LinearContract, Elements);

TYPED_TEST(LinearContract, MeanOfOwnPartsIsTheReconstruction) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> ranks(one.make, TestFixture::kRanks);
    for (std::uint64_t step = 0; step < 3; ++step) {
      ranks.step(gaussians<TypeParam>(ranks.size(), one.shape.elements(), step), {.step = step});
      Vectors<TypeParam> own;
      for (std::size_t r = 0; r < ranks.size(); ++r) own.push_back(ranks.own(r));
      EXPECT_TRUE(own[0].empty() || own[0] != own[1]);
      // The average of the factors is not rounded here, so 16 bits do not matter.
      const double rounding = 200 * static_cast<double>(std::numeric_limits<TypeParam>::epsilon());
      TestFixture::expect_near(mean_of(own), ranks.reconstruction(), rounding);
      ranks.accept();
    }
  });
}

TYPED_TEST(LinearContract, ManyRanksGiveWhatOneGivesOnTheMean) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> many(one.make, TestFixture::kRanks);
    LinearRanks<TypeParam> single(one.make, 1);
    const auto inputs = gaussians<TypeParam>(many.size(), one.shape.elements(), 5);
    many.step(inputs);
    single.step({mean_of(inputs)});
    TestFixture::expect_near(many.reconstruction(), single.reconstruction(), one.tolerance());
  });
}

TYPED_TEST(LinearContract, U3ReconstructionHasTheSameBitsOnEveryRank) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> ranks(one.make, TestFixture::kRanks);
    for (std::uint64_t step = 0; step < 3; ++step) {
      ranks.step(gaussians<TypeParam>(ranks.size(), one.shape.elements(), step), {.step = step});
      for (std::size_t r = 1; r < ranks.size(); ++r) {
        EXPECT_EQ(ranks.reconstruction(r), ranks.reconstruction(0));
      }
      ranks.accept();
    }
  });
}

TYPED_TEST(LinearContract, U1OwnPartAndResidualGiveTheInput) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> ranks(one.make, TestFixture::kRanks);
    const auto inputs = gaussians<TypeParam>(ranks.size(), one.shape.elements(), 3);
    ranks.step(inputs);
    for (std::size_t r = 0; r < ranks.size(); ++r) {
      auto residual = inputs[r];
      ranks[r].own_axpy(-1, residual);
      ranks[r].own_axpy(1, residual);
      const auto ulps = 8 * static_cast<double>(std::numeric_limits<TypeParam>::epsilon());
      TestFixture::expect_near(residual, inputs[r], ulps);
    }
  });
}

TYPED_TEST(LinearContract, U2SentPartsAndResidualTelescopeUnderErrorFeedback) {
  TestFixture::for_each_case([](const auto& one) {
    if (!one.contracts) return;
    LinearRanks<TypeParam> ranks(one.make, 1);
    auto residual = TestFixture::zeros(one), given = residual, received = residual;
    for (std::uint64_t step = 0; step < 50; ++step) {
      const auto gradient = gaussian<TypeParam>(residual.size(), step);
      axpy<TypeParam>(1, gradient, residual);
      axpy<TypeParam>(1, gradient, given);
      ranks.step({residual}, {.step = step});
      ranks[0].own_axpy(-1, residual);
      ranks[0].reconstruct_axpy(1, received);
      ranks.accept();
    }
    axpy<TypeParam>(1, residual, received);
    TestFixture::expect_near(received, given, 1e-4);
  });
}

TYPED_TEST(LinearContract, U4ZerosStayZeros) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> ranks(one.make, TestFixture::kRanks);
    const auto zeros = TestFixture::zeros(one);
    for (std::uint64_t step = 0; step < 2; ++step) {
      ranks.step({zeros, zeros, zeros}, {.step = step});
      EXPECT_EQ(ranks.reconstruction(), zeros);
      EXPECT_EQ(ranks.own(1), zeros);
      ranks.accept();
    }
  });
}

TYPED_TEST(LinearContract, U7TheSameKeyAndInputGiveTheSameFactors) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> first(one.make, 2), second(one.make, 2);
    for (std::uint64_t step = 0; step < 3; ++step) {
      const auto inputs = gaussians<TypeParam>(2, one.shape.elements(), step);
      const RandomKey key{.seed = 7, .tensor = 11, .step = step};
      first.step(inputs, key);
      second.step(inputs, key);
      EXPECT_EQ(first.sent(), second.sent());
      first.accept();
      second.accept();
    }
  });
}

TYPED_TEST(LinearContract, U9NeverErrsByMoreThanTheInput) {
  TestFixture::for_each_case([](const auto& one) {
    if (!one.contracts) return;
    auto one_hot = TestFixture::zeros(one);
    if (!one_hot.empty()) one_hot[one_hot.size() / 2] = TypeParam{-3};
    LinearRanks<TypeParam> ranks(one.make, 1);
    std::uint64_t step = 0;
    for (const auto& x : {gaussian<TypeParam>(one_hot.size(), 1), one_hot,
                          gaussian<TypeParam>(one_hot.size(), 2)}) {
      ranks.step({x}, {.step = step++});
      const double bound = TestFixture::squared_norm_of(x) * (1 + one.tolerance());
      EXPECT_LE(squared_distance(ranks.reconstruction(), x), bound);
      ranks.accept();
    }
  });
}

TYPED_TEST(LinearContract, AddsTheScaledPartToWhatIsThere) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> ranks(one.make, 2);
    const auto before = gaussian<TypeParam>(one.shape.elements(), 8);
    ranks.step(gaussians<TypeParam>(2, before.size(), 4));
    auto expected = before, y = before;
    axpy<TypeParam>(TypeParam{-0.5}, ranks.reconstruction(), expected);
    ranks[0].reconstruct_axpy(TypeParam{-0.5}, y);
    TestFixture::expect_near(y, expected, 200 * std::numeric_limits<TypeParam>::epsilon());
  });
}

TYPED_TEST(LinearContract, AStepThatIsNotAcceptedLeavesNoTrace) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> disturbed(one.make, 2), undisturbed(one.make, 2);
    for (std::uint64_t step = 0; step < 3; ++step) {
      disturbed.step(gaussians<TypeParam>(2, one.shape.elements(), 90 + step), {.step = 90 + step});
      const auto inputs = gaussians<TypeParam>(2, one.shape.elements(), step);
      for (auto* ranks : {&disturbed, &undisturbed}) {
        ranks->step(inputs, {.step = step});
        ranks->accept();
      }
      EXPECT_EQ(disturbed.sent(), undisturbed.sent());
      EXPECT_EQ(disturbed.reconstruction(), undisturbed.reconstruction());
    }
  });
}

}  // namespace
}  // namespace pith::test
