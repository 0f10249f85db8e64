// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <pith/compressors/dot.h>
#include <pith/compressors/orthonormalise.h>
#include <pith/compressors/skinny.h>
#include <pith/core/error.h>

#include "compressors/linear_ranks.h"
#include "compressors/skinny_reference.h"
#include "support/every_simd_target.h"

namespace pith::test {
namespace {

template <Element T>
Matrix<T> matrix(std::vector<T>& values, std::size_t rows) {
  return {values, rows, values.size() / rows};
}

template <Element T>
Matrix<const T> matrix(const std::vector<T>& values, std::size_t rows) {
  return {values, rows, values.size() / rows};
}

template <Element T>
std::vector<T> orthonormal(std::vector<T> rows, std::size_t r, std::uint64_t seed = 1) {
  orthonormalise(matrix(rows, r), Random({.seed = seed}));
  return rows;
}

template <Element T>
void expect_orthonormal(const std::vector<T>& values, std::size_t r) {
  const auto v = matrix(values, r);
  for (std::size_t i = 0; i < r; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double product = dot<T>(v.row(i), v.row(j));
      EXPECT_NEAR(product, i == j ? 1 : 0, 4 * std::numeric_limits<T>::epsilon()) << i << " " << j;
    }
  }
}

// Length of what is left of v without its parts along the rows.
template <Element T>
double distance_from_span(const std::vector<T>& rows, std::size_t r, std::vector<T> v) {
  const std::vector<T> original = v;
  for (std::size_t i = 0; i < r; ++i) {
    const double part = dot<T>(matrix(rows, r).row(i), original);
    for (std::size_t k = 0; k < v.size(); ++k) {
      v[k] -= static_cast<T>(part * static_cast<double>(matrix(rows, r).row(i)[k]));
    }
  }
  return std::sqrt(dot<T>(v, v));
}

void expect_in_span(const std::vector<float>& rows, const std::vector<float>& basis, std::size_t r,
                    std::size_t length) {
  for (auto row = rows.begin(); row != rows.end(); row += static_cast<long>(length)) {
    const std::vector<float> v(row, row + static_cast<long>(length));
    EXPECT_LT(distance_from_span(basis, r, v), 1e-6 * std::sqrt(length));
  }
}

TEST(Dot, IsExactForSmallIntegersOfAnyCount) {
  for (std::size_t n = 0; n < 70; ++n) {
    std::vector<float> x(n), y(n);
    double expected = 0;
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = static_cast<float>(i + 1);
      y[i] = static_cast<float>(i % 5) - 2;
      expected += static_cast<double>(x[i] * y[i]);
    }
    EXPECT_EQ(dot<float>(x, y), expected);
  }
}

// Blocks of 256, each of which goes to partial sum b mod 64.
double plain_dot(const std::vector<float>& x, const std::vector<float>& y) {
  std::vector<double> sums(64);
  for (std::size_t first = 0; first < x.size(); first += 256) {
    std::vector<double> terms;
    for (std::size_t i = first; i < std::min(x.size(), first + 256); ++i) {
      terms.push_back(double{x[i]} * double{y[i]});
    }
    sums[first / 256 % 64] += striped_sum(terms);
  }
  for (std::size_t half = 32; half > 0; half /= 2) {
    for (std::size_t s = 0; s < half; ++s) sums[s] += sums[s + half];
  }
  return sums[0];
}

TEST(Dot, GivesTheBitsOfThePlainLoopOnEveryInstructionSet) {
  for (std::size_t n : {1u, 15u, 16u, 33u, 100u, 256u, 1003u, 20000u}) {
    const auto x = gaussian<float>(n, 1), y = gaussian<float>(n, 2);
    on_every_simd_target([&] { EXPECT_EQ(dot<float>(x, y), plain_dot(x, y)) << n; });
  }
}

TEST(Matrix, ProductsAreThoseOfTheFormulas) {
  const std::vector<float> m{1, 2, 3, 4, 5, 6};   // 2 x 3
  const std::vector<float> q{1, 0, -1, 2, 1, 0};  // 2 x 3
  std::vector<float> p(4), columns(6), sum{1, 1, 1, 1, 1, 1};
  project_rows<float>(matrix(m, 2), matrix(q, 2), matrix(p, 2));
  EXPECT_EQ(p, (std::vector<float>{-2, -2, 4, 13}));  // row j: the products with q's row j
  project_columns<float>(matrix(m, 2), matrix(p, 2), matrix(columns, 2));
  EXPECT_EQ(columns, (std::vector<float>{-10, -14, -18, 56, 73, 90}));
  add_product<float>(2, matrix(p, 2), matrix(q, 2), sum);
  EXPECT_EQ(sum, (std::vector<float>{13, 9, 5, 49, 27, 5}));
}

template <Element T>
void expect_same_bits_on_every_instruction_set() {
  for (const std::size_t n : {8u, 17u, 64u, 501u}) {
    auto rows = gaussian<T>(8 * n, n);
    std::fill_n(rows.begin() + static_cast<long>(3 * n), n, T{0});  // one that becomes random
    const auto best = orthonormal(rows, 8);
    on_every_simd_target([&] { EXPECT_EQ(orthonormal(rows, 8), best) << n; });
  }
}

TEST(Orthonormalise, GivesTheSameBitsOnEveryInstructionSet) {
  expect_same_bits_on_every_instruction_set<float>();
  expect_same_bits_on_every_instruction_set<double>();
}

TEST(Orthonormalise, GivesAnOrthonormalBasisOfTheSameSpan) {
  const auto rows = gaussian<float>(6 * 501, 3);
  const auto basis = orthonormal(rows, 6);
  expect_orthonormal(basis, 6);
  expect_in_span(rows, basis, 6, 501);
}

TEST(Orthonormalise, LeavesAnOrthonormalBasisAsItIs) {
  const std::vector<double> basis{0.6, 0.8, 0, -0.8, 0.6, 0};
  const auto again = orthonormal(basis, 2);
  for (std::size_t i = 0; i < basis.size(); ++i) EXPECT_NEAR(again[i], basis[i], 1e-15);
}

// Rows that differ from the first by less and less: one pass of Gram-Schmidt leaves them far from
// orthogonal.
TEST(Orthonormalise, StaysOrthonormalForNearlyDependentRows) {
  auto rows = gaussian<float>(5 * 200, 4);
  for (std::size_t i = 1; i < 5; ++i) {
    for (std::size_t k = 0; k < 200; ++k) {
      rows[i * 200 + k] = rows[k] + std::pow(0.1f, static_cast<float>(i)) * rows[i * 200 + k];
    }
  }
  const auto basis = orthonormal(rows, 5);
  expect_orthonormal(basis, 5);
  expect_in_span(rows, basis, 5, 200);
}

TEST(Orthonormalise, ReplacesDependentRowsByRandomOnes) {
  const auto row = gaussian<float>(100, 5);
  std::vector<float> rows = row;
  rows.insert(rows.end(), row.begin(), row.end());  // the same once more
  rows.resize(4 * 100);                             // and two of zeros
  const auto basis = orthonormal(rows, 4);
  expect_orthonormal(basis, 4);
  const std::vector<float> first(basis.begin(), basis.begin() + 100);
  EXPECT_LT(distance_from_span(first, 1, row), 1e-5);
  EXPECT_EQ(orthonormal(rows, 4), basis) << "the same numbers every time";
  EXPECT_NE(orthonormal(rows, 4, 2), basis) << "others for another key";
}

TEST(Orthonormalise, ReplacesWhatIsNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {std::nan(""), infinity, 1e300, 1e-300}) {
    std::vector<double> rows(3 * 10, bad);
    rows[4] = 1;  // next to a number whose square is no longer one
    expect_orthonormal(orthonormal(rows, 3), 3);
  }
  expect_orthonormal(orthonormal(std::vector<float>(20, std::numeric_limits<float>::max()), 2), 2);
  expect_orthonormal(
      orthonormal(std::vector<float>(20, std::numeric_limits<float>::denorm_min()), 2), 2);
}

TEST(Orthonormalise, CompletesAWholeBasis) {
  for (std::size_t n : {1u, 2u, 3u, 17u}) {
    expect_orthonormal(orthonormal(std::vector<double>(n * n), n), n);
    expect_orthonormal(orthonormal(std::vector<float>(n * n, 1), n), n);
  }
}

TEST(Orthonormalise, DoesNothingToNothing) {
  std::vector<float> nothing;
  orthonormalise<float>({nothing, 0, 0}, Random({}));
  orthonormalise<float>({nothing, 0, 5}, Random({}));
}

TEST(Orthonormalise, RejectsMoreRowsThanColumns) {
  std::vector<float> rows(6);
  EXPECT_THROW(orthonormalise<float>({rows, 3, 2}, Random({})), UsageError);
}

}  // namespace
}  // namespace pith::test
