// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include <pith/core/random.h>
#include <pith/core/vector.h>

#include "support/every_simd_target.h"

// Every instruction set that this machine has gives the bits of the plain loops.
namespace pith::test {
namespace {

constexpr std::size_t kSizes[] = {0, 1, 7, 15, 16, 17, 31, 33, 64, 1000, 4099};

template <class T>
class EverySimdTarget : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(EverySimdTarget, Types);

template <class T>
std::vector<T> numbers(std::size_t n, std::uint64_t tensor) {
  const Random random({.seed = 3, .tensor = tensor});
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<T>(random.normal(i));
  return x;
}

template <class T>
void expect_same_bits(const std::vector<T>& left, const std::vector<T>& right) {
  ASSERT_EQ(left.size(), right.size());
  if (left.empty()) return;
  EXPECT_EQ(std::memcmp(left.data(), right.data(), left.size() * sizeof(T)), 0);
}

// Calls body(n, first) on every target: n elements that begin at an address of any alignment.
template <class Body>
void on_every_target(Body body) {
  on_every_simd_target([&] {
    for (const std::size_t n : kSizes) {
      for (const std::size_t first : {0u, 1u, 5u}) body(n, first);
    }
  });
}

TYPED_TEST(EverySimdTarget, CombinesScalesAndDividesAsThePlainLoopsDo) {
  using T = TypeParam;
  on_every_target([](std::size_t n, std::size_t first) {
    const auto x = numbers<T>(first + n, 1);
    const auto y = numbers<T>(first + n, 2);
    auto added = y, combined = y, scaled = y, divided = y;
    auto plainly_added = y, plainly_combined = y, plainly_scaled = y, plainly_divided = y;
    const T a = T(1) / 3, b = T(-0.7);
    const auto from = [&](auto& v) { return std::span(v).subspan(first); };
    axpy<T>(a, from(x), from(added));
    combine<T>(a, from(x), b, from(y), from(combined));
    scale<T>(a, from(scaled));
    divide<T>(from(divided), b);
    for (std::size_t i = first; i < first + n; ++i) {
      plainly_added[i] = y[i] + a * x[i];
      plainly_combined[i] = a * x[i] + b * y[i];
      plainly_scaled[i] = a * y[i];
      plainly_divided[i] = y[i] / b;
    }
    expect_same_bits(added, plainly_added);
    expect_same_bits(combined, plainly_combined);
    expect_same_bits(scaled, plainly_scaled);
    expect_same_bits(divided, plainly_divided);
  });
}

double folded(std::vector<double> sums) {
  for (std::size_t half = sums.size() / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
  }
  return sums[0];
}

template <class T>
double plain_squared_norm(std::span<const T> x) {
  std::vector<double> sums(16);
  for (std::size_t i = 0; i < x.size(); ++i) {
    sums[i % 16] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  }
  return folded(sums);
}

template <class T>
double plain_absolute_sum(std::span<const T> x) {
  std::vector<double> sums(32);
  std::size_t i = 0;
  for (; i + 256 <= x.size(); i += 256) {
    for (std::size_t j = 0; j < 32; ++j) {
      T rows = 0;
      for (std::size_t row = 0; row < 8; ++row) rows += std::abs(x[i + 32 * row + j]);
      sums[j] += rows;
    }
  }
  for (; i < x.size(); ++i) sums[i % 32] += std::abs(static_cast<double>(x[i]));
  return folded(sums);
}

TYPED_TEST(EverySimdTarget, SumsInTheOrderThatIsDocumented) {
  using T = TypeParam;
  on_every_target([](std::size_t n, std::size_t first) {
    const auto x = numbers<T>(first + n, 1);
    const auto part = std::span<const T>(x).subspan(first);
    EXPECT_EQ(absolute_sum(part), plain_absolute_sum(part));
    EXPECT_EQ(squared_norm(part), plain_squared_norm(part));
  });
}

TYPED_TEST(EverySimdTarget, SumsTheLargestNumbers) {
  on_every_target([](std::size_t n, std::size_t) {
    const std::vector<float> x(n, std::numeric_limits<float>::max());
    EXPECT_EQ(absolute_sum<float>(x), static_cast<double>(n) * std::numeric_limits<float>::max());
  });
}

TYPED_TEST(EverySimdTarget, StreamsWhatIsThere) {
  using T = TypeParam;
  on_every_target([](std::size_t n, std::size_t first) {
    const auto x = numbers<T>(first + n, 1);
    for (const std::size_t start : {std::size_t{0}, first}) {
      std::vector<T> y(first + n + 1, T(7));
      stream(std::span<const T>(x).subspan(first), std::span(y).subspan(start, n));
      end_stream();
      expect_same_bits(std::vector<T>(y.begin() + static_cast<std::ptrdiff_t>(start),
                                      y.begin() + static_cast<std::ptrdiff_t>(start + n)),
                       std::vector<T>(x.begin() + static_cast<std::ptrdiff_t>(first), x.end()));
      EXPECT_EQ(y[start + n], T(7));
    }
  });
}

// A quotient by a power of two is a product, with the same bits also where it is below the normal
// numbers.
TYPED_TEST(EverySimdTarget, DividesByPowersOfTwo) {
  using T = TypeParam;
  on_every_target([](std::size_t n, std::size_t first) {
    for (const T divisor :
         {T(1), T(4), T(0x1p20), std::ldexp(T(1), std::numeric_limits<T>::max_exponent - 1)}) {
      auto x = numbers<T>(first + n, 1);
      for (std::size_t i = 0; i < x.size(); i += 2) x[i] *= std::numeric_limits<T>::min();
      auto expected = x;
      for (T& value : expected) value /= divisor;
      divide<T>(x, divisor);
      expect_same_bits(x, expected);
    }
  });
}

TYPED_TEST(EverySimdTarget, FindsANanOrAnInfinityAnywhere) {
  using T = TypeParam;
  using Limits = std::numeric_limits<T>;
  on_every_target([](std::size_t n, std::size_t first) {
    auto x = numbers<T>(first + n, 1);
    const auto part = std::span(x).subspan(first);
    EXPECT_TRUE(all_finite<T>(part));
    for (std::size_t i = 0; i < n; i += 1 + n / 20) {
      for (const T bad : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
        const T before = std::exchange(part[i], bad);
        EXPECT_FALSE(all_finite<T>(part)) << i << " of " << n;
        part[i] = before;
      }
    }
  });
}

}  // namespace
}  // namespace pith::test
