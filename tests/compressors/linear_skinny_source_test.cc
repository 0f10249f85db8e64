// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <pith/compressors/message.h>
#include <pith/compressors/skinny_source.h>
#include <pith/core/vector.h>

#include "compressors/linear_ranks.h"
#include "compressors/skinny_reference.h"
#include "support/with_threads.h"

namespace pith::test {
namespace {

constexpr std::size_t kRank = 3;

/// As many numbers as one likes.
std::vector<float> numbers(std::size_t n, std::uint64_t seed) {
  const auto pool = gaussian<float>(9973, seed);
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = pool[i % pool.size()];
  return x;
}

/// A matrix of n elements, row by row, of which the last may be short, and factors.
struct Taken {
  std::size_t n, columns;
  std::size_t rows = (n + columns - 1) / columns;
  std::vector<float> m = numbers(n, 1);
  std::vector<float> p = numbers(kRank * rows, 2);
  std::vector<float> q = numbers(kRank * columns, 3);

  std::vector<float> projected_rows() const {
    std::vector<float> out(kRank * rows);
    WholeSource<float> source(m);
    project_rows<float>(source, {q, kRank, columns}, {out, kRank, rows});
    return out;
  }

  std::vector<float> projected_columns() const {
    std::vector<float> out(kRank * columns, 7);  // written, not added to
    Scratch scratch;
    WholeSource<float> source(m);
    project_columns<float>(source, {p, kRank, rows}, {out, kRank, columns}, scratch);
    return out;
  }
};

// Large ones are multiplied by three threads.
TEST(SkinnySource, GivesTheBitsOfThePlainLoopsOnAnyThreads) {
  for (const std::size_t threads : {1u, 3u}) {
    const WithThreads number(threads);
    for (const auto& [rows, columns] :
         {std::pair{1, 1}, {7, 5}, {3, 2000}, {520, 33}, {4100, 97}}) {
      const auto r = static_cast<std::size_t>(rows), c = static_cast<std::size_t>(columns);
      const Taken taken{.n = r * c, .columns = c};
      const Matrix<const float> m{taken.m, r, c};
      const std::vector<float> zeros(kRank * c);
      EXPECT_EQ(taken.projected_rows(), plain_project_rows<float>(m, {taken.q, kRank, c}));
      EXPECT_EQ(taken.projected_columns(),
                plain_project_columns<float>(m, {taken.p, kRank, r}, zeros));
    }
  }
}

TEST(SkinnySource, TakesWhatAShortLastRowLacksForZeros) {
  for (const std::size_t n : {1u, 99u, 101u, 199u, 20'050u}) {
    const Taken short_row{.n = n, .columns = 100};
    Taken full{.n = short_row.rows * 100, .columns = 100};
    full.m = short_row.m;
    full.m.resize(full.n);
    EXPECT_EQ(short_row.projected_rows(), full.projected_rows()) << n;
  }
}

TEST(SkinnySource, HasNothingToDoForNoElements) {
  const Taken none{.n = 0, .columns = 4};
  EXPECT_TRUE(none.projected_rows().empty());
  EXPECT_EQ(none.projected_columns(), std::vector<float>(kRank * 4));
}

TEST(SkinnySource, ShowsWhatIsNotFinite) {
  for (const float value : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
    Taken taken{.n = 300 * 20, .columns = 20};
    taken.m[281 * 20 + 3] = value;
    for (std::size_t k = 0; k < kRank; ++k) taken.p[k * 300 + 281] = 0;
    EXPECT_THROW(taken.projected_rows(), NonFiniteError);
    EXPECT_FALSE(all_finite<float>(taken.projected_columns()));
  }
}

}  // namespace
}  // namespace pith::test
