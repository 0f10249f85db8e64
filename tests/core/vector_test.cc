// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include <pith/core/vector.h>

namespace pith::test {
namespace {

template <class T>
class VectorLoops : public testing::Test {
 public:
  using Vector = std::vector<T>;
  using Const = std::span<const T>;
};

using Elements = testing::Types<float, double>;
TYPED_TEST_SUITE(VectorLoops, Elements);

TYPED_TEST(VectorLoops, CopyTakesTheSameSpan) {
  using T = TypeParam;
  const std::vector<T> x{1, -2, 3};
  std::vector<T> y(3);
  copy<T>(x, y);
  EXPECT_EQ(y, x);
  copy<T>(y, y);
  EXPECT_EQ(y, x);
}

// Past the caches, from any place to any place, and nowhere else.
TYPED_TEST(VectorLoops, CopyTakesLargeSpansAtAnyAlignment) {
  using T = TypeParam;
  constexpr std::size_t kSize = (std::size_t{5} << 20) / sizeof(T);
  std::vector<T> x(kSize + 8);
  std::iota(x.begin(), x.end(), T(1));
  for (const std::size_t shift : {0u, 1u, 3u}) {
    std::vector<T> y(kSize + 8, T(-1));
    copy<T>(std::span<const T>(x).subspan(2, kSize), std::span(y).subspan(shift, kSize));
    for (std::size_t i = 0; i < y.size(); ++i) {
      const bool inside = i >= shift && i < shift + kSize;
      ASSERT_EQ(y[i], inside ? x[i - shift + 2] : T(-1)) << i;
    }
  }
}

TYPED_TEST(VectorLoops, AxpyAddsAMultiple) {
  using T = TypeParam;
  const std::vector<T> x{1, -2, 3};
  std::vector<T> y{10, 20, 30};
  axpy<T>(2, x, y);
  EXPECT_EQ(y, (std::vector<T>{12, 16, 36}));
  axpy<T>(T(-0.5), y, y);
  EXPECT_EQ(y, (std::vector<T>{6, 8, 18}));
}

TYPED_TEST(VectorLoops, CombineWritesAnywhere) {
  using T = TypeParam;
  const std::vector<T> expected{23, 46};
  std::vector<T> x{1, 2};
  std::vector<T> y{10, 20};
  std::vector<T> out(2);
  combine<T>(3, x, 2, y, out);
  EXPECT_EQ(out, expected);
  auto into_x = x;
  combine<T>(3, into_x, 2, y, into_x);
  EXPECT_EQ(into_x, expected);
  combine<T>(3, x, 2, y, y);
  EXPECT_EQ(y, expected);
  combine<T>(3, x, 2, x, x);
  EXPECT_EQ(x, (std::vector<T>{5, 10}));
}

TYPED_TEST(VectorLoops, ScaleMultipliesAndDivideDivides) {
  using T = TypeParam;
  std::vector<T> x{1, -2, 3};
  scale<T>(3, x);
  EXPECT_EQ(x, (std::vector<T>{3, -6, 9}));
  divide<T>(x, 7);
  EXPECT_EQ(x, (std::vector<T>{T(3) / T(7), T(-6) / T(7), T(9) / T(7)}));
}

TYPED_TEST(VectorLoops, TakeEmptySpans) {
  using T = TypeParam;
  std::vector<T> none;
  copy<T>(none, none);
  axpy<T>(2, none, none);
  combine<T>(3, none, 2, none, none);
  scale<T>(2, none);
  divide<T>(none, 2);
  EXPECT_EQ(squared_norm<T>(none), 0.0);
  EXPECT_TRUE(all_finite<T>(none));
  EXPECT_TRUE(copy_checked<T>(none, none));
  EXPECT_TRUE(sum_divided<T>(none, none, 2, none));
}

// With divisors whose inverse is exact and others, into x, y or elsewhere, at sizes that fill
// vectors or do not.
TYPED_TEST(VectorLoops, SumDividedRoundsTheSumBeforeTheQuotient) {
  using T = TypeParam;
  for (const T divisor : {T(1), T(3), T(4), T(0.5), T(-2)}) {
    for (const std::size_t n : {1u, 15u, 16u, 33u}) {
      std::vector<T> x(n);
      std::vector<T> y(n);
      std::vector<T> expected(n);
      for (std::size_t i = 0; i < n; ++i) {
        x[i] = T(1) / static_cast<T>(i + 1);
        y[i] = T(1e-3) * static_cast<T>(i);
        const T sum = x[i] + y[i];
        expected[i] = sum / divisor;
      }
      std::vector<T> out(n);
      EXPECT_TRUE(sum_divided<T>(x, y, divisor, out));
      EXPECT_EQ(out, expected);
      auto into_y = y;
      sum_divided<T>(x, into_y, divisor, into_y);
      EXPECT_EQ(into_y, expected);
      sum_divided<T>(x, y, divisor, x);
      EXPECT_EQ(x, expected);
    }
  }
}

// (1 + e)^2 rounds to 1 + 2e; a fused multiply-add would keep the e^2 and leave it behind.
TYPED_TEST(VectorLoops, RoundTheProductBeforeTheSum) {
  using T = TypeParam;
  const T e = sizeof(T) == 4 ? T(0x1p-12) : T(0x1p-27);
  const std::vector<T> x(17, 1 + e);
  std::vector<T> y(17, -(1 + 2 * e));
  std::vector<T> out(17);
  combine<T>(1, y, 1 + e, x, out);
  axpy<T>(1 + e, x, y);
  EXPECT_EQ(y, std::vector<T>(17, 0));
  EXPECT_EQ(out, std::vector<T>(17, 0));
}

TYPED_TEST(VectorLoops, SumsAreTakenInDoubleInSixteenStripes) {
  using T = TypeParam;
  EXPECT_EQ(absolute_sum<T>(std::vector<T>{3, -4, 12}), 19.0);
  EXPECT_EQ(squared_norm<T>(std::vector<T>{3, -4, 12}), 169.0);
  EXPECT_EQ(squared_norm<T>(std::vector<T>(2, T(1e30))), 2 * (double{T(1e30)} * double{T(1e30)}));
  // Added to 2^54 one by one, ones are lost; in another stripe they are not.
  std::vector<T> x(5 * 16, 0);
  x[0] = 0x1p27;
  for (std::size_t i = 1; i < 5; ++i) x[16 * i] = 1;
  EXPECT_EQ(squared_norm<T>(x), 0x1p54);
  for (std::size_t i = 1; i < 5; ++i) std::swap(x[16 * i], x[16 * i + 1]);
  EXPECT_EQ(squared_norm<T>(x), 0x1p54 + 4);
}

TYPED_TEST(VectorLoops, AllFiniteFindsOneBadElementAnywhere) {
  using T = TypeParam;
  using Limits = std::numeric_limits<T>;
  std::vector<T> x{0, T(-0.0), Limits::max(), Limits::lowest(), Limits::denorm_min()};
  x.resize(37, 1);
  EXPECT_TRUE(all_finite<T>(x));
  std::vector<T> out(x.size());
  const std::vector<T> zeros(x.size(), T(0));
  EXPECT_TRUE(copy_checked<T>(x, out));
  EXPECT_EQ(out, x);
  for (const T bad : {Limits::quiet_NaN(), -Limits::quiet_NaN(), Limits::signaling_NaN(),
                      Limits::infinity(), -Limits::infinity()}) {
    for (T& element : x) {
      const T good = std::exchange(element, bad);
      EXPECT_FALSE(all_finite<T>(x));
      EXPECT_FALSE(copy_checked<T>(x, out));
      EXPECT_EQ(std::memcmp(out.data(), x.data(), x.size() * sizeof(T)), 0);
      EXPECT_FALSE(sum_divided<T>(x, zeros, 3, out));
      element = good;
    }
  }
}

}  // namespace
}  // namespace pith::test
