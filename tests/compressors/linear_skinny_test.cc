// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <pith/compressors/skinny.h>

#include "compressors/linear_ranks.h"
#include "compressors/skinny_reference.h"
#include "support/every_simd_target.h"

namespace pith::test {
namespace {

/// A matrix, factors, and what the plain loops make of them.
template <Element T>
struct Case {
  std::size_t rows, columns, rank;
  std::vector<T> m = gaussian<T>(rows * columns, 1);
  std::vector<T> p = gaussian<T>(rank * rows, 2);
  std::vector<T> q = gaussian<T>(rank * columns, 3);
  std::vector<T> projected_rows = plain_project_rows<T>(matrix(), right());
  std::vector<T> projected_columns = plain_project_columns<T>(matrix(), left(), q);
  std::vector<T> sum = plain_add_product<T>(T(-0.7), left(), right(), m);

  Matrix<const T> matrix() const { return {m, rows, columns}; }
  Matrix<const T> left() const { return {p, rank, rows}; }
  Matrix<const T> right() const { return {q, rank, columns}; }

  /// Calls body(first, part of m) for cuts of `step` rows.
  template <class Body>
  void cut(std::size_t step, Body body) const {
    for (std::size_t i = 0; i < rows; i += step) {
      body(i, matrix().rows_from(i, std::min(step, rows - i)));
    }
  }
};

template <Element T>
void expect_bits_of_plain_loops(const Case<T>& c, std::size_t step) {
  auto p = std::vector<T>(c.p.size()), q = c.q, m = c.m;
  c.cut(step, [&](std::size_t first, Matrix<const T> part) {
    project_rows<T>(part, c.right(), {p, c.rank, c.rows}, first);
    project_columns<T>(part, c.left(), {q, c.rank, c.columns}, first);
    const auto out = std::span(m).subspan(first * c.columns, part.values.size());
    add_product<T>(T(-0.7), c.left(), c.right(), out, first * c.columns);
  });
  EXPECT_EQ(p, c.projected_rows);
  EXPECT_EQ(q, c.projected_columns);
  EXPECT_EQ(m, c.sum);
}

template <Element T>
void expect_bits_of_plain_loops(std::size_t rows, std::size_t columns, std::size_t rank) {
  const Case<T> c{.rows = rows, .columns = columns, .rank = rank};
  on_every_simd_target([&] {
    SCOPED_TRACE(std::to_string(rows) + "x" + std::to_string(columns) + " rank " +
                 std::to_string(rank));
    for (const std::size_t step : {rows, kSummedRows, 2 * kSummedRows}) {
      expect_bits_of_plain_loops(c, step);
    }
  });
}

// Around 4 and 16 rows at once, 16 partial sums, 40 columns for the short rows, blocks of 512 and
// 1024 columns and of 256 rows.
TEST(Skinny, GivesTheBitsOfThePlainLoopsForEveryShape) {
  constexpr std::size_t kShapes[][2]{{1, 1},    {1, 5},    {3, 16},  {4, 17},   {16, 24}, {17, 25},
                                     {21, 130}, {1, 1025}, {5, 513}, {6, 2060}, {255, 3}, {257, 8},
                                     {520, 33}, {771, 40}, {18, 41}, {7, 32}};
  for (const auto& [rows, columns] : kShapes) {
    for (const std::size_t rank : {1u, 4u}) {
      expect_bits_of_plain_loops<float>(rows, columns, rank);
      expect_bits_of_plain_loops<double>(rows, columns, rank);
    }
  }
}

TEST(Skinny, GivesTheBitsOfThePlainLoopsForEveryRank) {
  for (std::size_t rank = 1; rank <= 17; ++rank) {
    expect_bits_of_plain_loops<float>(19, 43, rank);
    expect_bits_of_plain_loops<double>(19, 43, rank);
    expect_bits_of_plain_loops<float>(263, 18, rank);
  }
}

// What a row of the factors gives does not depend on how many others there are.
TEST(Skinny, SumsARowOfTheFactorsAlikeAtAnyRank) {
  const Case<float> all{.rows = 263, .columns = 43, .rank = 15};
  for (std::size_t rank = 1; rank < 15; ++rank) {
    const Case<float> some{.rows = 263, .columns = 43, .rank = rank};
    std::vector<float> p(some.p.size());
    project_rows<float>(all.matrix(), all.right().rows_from(0, rank), {p, rank, 263});
    EXPECT_TRUE(std::ranges::equal(p, std::span(all.projected_rows).first(p.size()))) << rank;
  }
}

// Threads sum blocks of rows to memory of their own, and one adds these in order.
TEST(Skinny, AddsTheSumsOfSeparateBlocksToTheSameBits) {
  const Case<float> c{.rows = 3 * kSummedRows + 7, .columns = 50, .rank = 4};
  auto q = c.q;
  c.cut(kSummedRows, [&](std::size_t first, Matrix<const float> part) {
    std::vector<float> own(q.size());
    project_columns<float>(part, c.left(), {own, c.rank, c.columns}, first);
    for (std::size_t i = 0; i < q.size(); ++i) q[i] += own[i];
  });
  EXPECT_EQ(q, c.projected_columns);
}

// Parts that begin and end within rows, shorter and longer than a row.
TEST(Skinny, AddsAnyElementsOfTheProduct) {
  for (const std::size_t columns : {1u, 7u, 43u}) {
    const Case<float> c{.rows = 37, .columns = columns, .rank = 5};
    for (const std::size_t size : {1u, 5u, 43u, 100u, 700u}) {
      auto m = c.m;
      for (std::size_t i = 0; i < m.size(); i += size) {
        add_product<float>(-0.7f, c.left(), c.right(),
                           std::span(m).subspan(i, std::min(size, m.size() - i)), i);
      }
      EXPECT_EQ(m, c.sum) << columns << " columns, " << size << " at a time";
    }
  }
}

TEST(Skinny, WritesNothingButItsRows) {
  const Case<float> c{.rows = 40, .columns = 9, .rank = 3};
  for (const std::size_t columns : {9u, 45u}) {
    const std::size_t rows = 360 / columns;
    std::vector<float> p(3 * rows, 7);
    const Matrix<const float> m{c.m, rows, columns};
    const auto q = gaussian<float>(3 * columns, 5);
    project_rows<float>(m.rows_from(2, 5), {q, 3, columns}, {p, 3, rows}, 2);
    for (std::size_t i = 0; i < p.size(); ++i) {
      const bool written = i % rows >= 2 && i % rows < 7;
      EXPECT_EQ(p[i] != 7, written) << i;
    }
  }
}

TEST(Skinny, IsCloseToTheProductInDouble) {
  const Case<float> c{.rows = 700, .columns = 90, .rank = 4};
  const Case<double> exact{.rows = 700,
                           .columns = 90,
                           .rank = 4,
                           .m = {c.m.begin(), c.m.end()},
                           .p = {c.p.begin(), c.p.end()},
                           .q = {c.q.begin(), c.q.end()}};
  const auto expect_close = [](const std::vector<float>& x, const std::vector<double>& y,
                               double terms) {
    const double bound = terms * 16 * std::numeric_limits<float>::epsilon();
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(double(x[i]), y[i], bound);
  };
  expect_close(c.projected_rows, exact.projected_rows, std::sqrt(90));
  expect_close(c.projected_columns, exact.projected_columns, std::sqrt(700));
  expect_close(c.sum, exact.sum, 4);
}

TEST(Skinny, PassesOnWhatIsNotFinite) {
  for (const std::size_t columns : {20u, 50u}) {
    std::vector<float> m(5 * columns, 1), q(columns, 1), p(5);
    m[2 * columns + 3] = std::numeric_limits<float>::infinity();
    project_rows<float>({m, 5, columns}, {q, 1, columns}, {p, 1, 5});
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(std::isfinite(p[i]), i != 2) << i;
  }
}

}  // namespace
}  // namespace pith::test
