// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "support/communicator/checks.h"

namespace pith::test {
namespace {

/// times * b / p, rounded up.
std::size_t rounded_up(std::size_t times, std::size_t b, std::size_t p) {
  return (times * b + p - 1) / p;
}

}  // namespace

template <Element T>
void all_reduce_sums(Communicator& comm) {
  for (const std::size_t n : kSizes) {
    auto x = numbers<T>(n, rank(comm));
    expect_counted(comm, rounded_up(2 * (ranks(comm) - 1), n * sizeof(T), ranks(comm)),
                   [&] { comm.all_reduce(x); });
    EXPECT_EQ(x, sum_of_numbers<T>(n, ranks(comm)));
  }
}

template void all_reduce_sums<float>(Communicator&);
template void all_reduce_sums<double>(Communicator&);

namespace {

template <Element T>
void all_reduce_mean_divides_the_sum(Communicator& comm) {
  for (const std::size_t n :
       {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{300001}}) {
    for (const T divisor : {T(1), T(3), T(8)}) {
      auto x = numbers<T>(n, rank(comm));
      expect_counted(comm, rounded_up(2 * (ranks(comm) - 1), n * sizeof(T), ranks(comm)), [&] {
        const Finite finite = comm.all_reduce_mean(std::span<T>(x), divisor);
        EXPECT_TRUE(finite.mean && finite.own);
      });
      auto mean = sum_of_numbers<T>(n, ranks(comm));
      for (T& value : mean) value /= divisor;
      EXPECT_EQ(x, mean) << n << " elements / " << divisor;
    }
  }
}

/// Of one rank's, in any place of a large vector, every rank learns.
template <Element T>
void all_reduce_mean_tells_what_is_not_finite(Communicator& comm) {
  using Limits = std::numeric_limits<T>;
  for (const std::size_t place : {0u, 4099u, 131071u, 131072u, 150000u}) {
    for (const T bad : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()}) {
      auto x = numbers<T>(150001, rank(comm));
      const bool mine = rank(comm) + 1 == ranks(comm);
      if (mine) x[place] = bad;
      const Finite finite = comm.all_reduce_mean(std::span<T>(x), T(2));
      EXPECT_FALSE(finite.mean) << place << ' ' << bad;
      EXPECT_EQ(finite.own, !mine) << place << ' ' << bad;
      EXPECT_FALSE(std::isfinite(x[place]));
      x.assign(150001, T(1));
      if (ranks(comm) > 1) x[place] = Limits::max();
      const Finite sum = comm.all_reduce_mean(std::span<T>(x), T(2));
      EXPECT_EQ(sum.mean, ranks(comm) == 1) << "the sum overflows at " << place;
      EXPECT_TRUE(sum.own);
    }
  }
}

/// Rounded sums depend on the order of summation, but not on the rank.
template <Element T>
void all_reduce_gives_all_ranks_the_same_bits(Communicator& comm) {
  for (const std::size_t n : kSizes) {
    auto x = numbers<T>(n, rank(comm));
    for (T& value : x) value /= T(static_cast<double>(rank(comm)) * 0.37 + 0.11);
    comm.all_reduce(x);
    comm.all_reduce_mean(std::span<T>(x), T(3));
    const auto mine = std::as_bytes(std::span(x));
    Bytes others(mine.size() * ranks(comm));
    comm.all_gather(mine, others);
    for (std::size_t r = 0; r < ranks(comm); ++r) {
      EXPECT_TRUE(std::ranges::equal(std::span(others).subspan(r * mine.size(), mine.size()), mine))
          << n << " elements, ranks " << r << " and " << comm.rank();
    }
  }
}

template <Element T>
void reduce_scatter_sums_the_own_block(Communicator& comm) {
  for (const std::size_t n : kSizes) {
    const auto x = numbers<T>(n, rank(comm));
    const std::size_t start = n * rank(comm) / ranks(comm);
    const std::size_t end = n * (rank(comm) + 1) / ranks(comm);
    std::vector<T> out(end - start, T(-1));
    expect_counted(comm, rounded_up(ranks(comm) - 1, n * sizeof(T), ranks(comm)),
                   [&] { comm.reduce_scatter(std::span<const T>(x), out); });
    const auto sum = sum_of_numbers<T>(n, ranks(comm));
    EXPECT_TRUE(std::ranges::equal(out, std::span(sum).subspan(start, end - start)));
    EXPECT_EQ(x, numbers<T>(n, rank(comm)));
  }
}

constexpr Promise kPromises[] = {
    {"AllReduceSumsFloats", all_reduce_sums<float>},
    {"AllReduceSumsDoubles", all_reduce_sums<double>},
    {"AllReduceGivesAllRanksTheSameFloatBits", all_reduce_gives_all_ranks_the_same_bits<float>},
    {"AllReduceGivesAllRanksTheSameDoubleBits", all_reduce_gives_all_ranks_the_same_bits<double>},
    {"AllReduceMeanDividesTheSumOfFloats", all_reduce_mean_divides_the_sum<float>},
    {"AllReduceMeanDividesTheSumOfDoubles", all_reduce_mean_divides_the_sum<double>},
    {"AllReduceMeanTellsWhatFloatIsNotFinite", all_reduce_mean_tells_what_is_not_finite<float>},
    {"AllReduceMeanTellsWhatDoubleIsNotFinite", all_reduce_mean_tells_what_is_not_finite<double>},
    {"ReduceScatterSumsTheOwnBlockOfFloats", reduce_scatter_sums_the_own_block<float>},
    {"ReduceScatterSumsTheOwnBlockOfDoubles", reduce_scatter_sums_the_own_block<double>},
};

}  // namespace

std::span<const Promise> sum_promises() { return kPromises; }

}  // namespace pith::test
