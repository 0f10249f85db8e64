// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>

#include <pith/compressors/orthonormalise.h>
#include <pith/compressors/skinny.cuh>
#include <pith/compressors/skinny.h>

#include "compressors/device_linear_step.h"
#include "compressors/linear_ranks.h"

namespace pith::test {
namespace {

constexpr std::uint64_t kFirst = 1000;

void expect_orthonormalised_as_on_the_host(std::vector<float> rows, std::size_t count) {
  const cuda::Stream stream;
  const Random random({.seed = 5});
  const std::size_t columns = rows.size() / count;
  const auto there = to_device(rows, stream);
  orthonormalise({there.span().data(), count, columns}, random, kFirst, stream);
  orthonormalise<float>({rows, count, columns}, random, kFirst);
  EXPECT_EQ(bits_of(to_host(there.span(), stream)), bits_of(rows)) << count << "x" << columns;
}

TEST(DeviceOrthonormalise, GivesTheHostsBits) {
  for (const std::size_t columns :
       {1u, 2u, 15u, 16u, 17u, 255u, 256u, 257u, 5000u, 16385u, 20000u}) {
    const std::size_t rows = std::min<std::size_t>(columns, 3);
    expect_orthonormalised_as_on_the_host(gaussian<float>(rows * columns, columns), rows);
  }
  expect_orthonormalised_as_on_the_host(gaussian<float>(12 * 300, 1), 12);
}

TEST(DeviceOrthonormalise, ReplacesWhatIsZeroDependentOrNotFinite) {
  constexpr std::size_t kColumns = 700;
  auto rows = gaussian<float>(6 * kColumns, 1);
  const auto row = [&](std::size_t i) { return std::span(rows).subspan(i * kColumns, kColumns); };
  std::ranges::fill(row(1), 0.0f);
  std::ranges::copy(row(0), row(2).begin());
  row(3)[5] = std::numeric_limits<float>::quiet_NaN();
  row(4)[699] = std::numeric_limits<float>::infinity();
  expect_orthonormalised_as_on_the_host(rows, 6);
  expect_orthonormalised_as_on_the_host(std::vector<float>(4 * 10), 4);
}

TEST(DeviceOrthonormalise, TakesTheLargestAndTheLeastNumbers) {
  std::vector<float> rows(2 * 100, 3e38f);
  std::fill_n(rows.begin(), 100, 1e-45f);
  expect_orthonormalised_as_on_the_host(rows, 2);
}

void expect_the_hosts_product(std::size_t rows, std::size_t columns, std::size_t rank) {
  const cuda::Stream stream;
  const auto p = gaussian<float>(rank * rows, 1);
  const auto q = gaussian<float>(rank * columns, 2);
  auto m = gaussian<float>(rows * columns, 3);
  const auto p_there = to_device(p, stream);
  const auto q_there = to_device(q, stream);
  const DeviceMatrix<const float> left{p_there.span().data(), rank, rows};
  const DeviceMatrix<const float> right{q_there.span().data(), rank, columns};
  const auto there = to_device(m, stream);
  add_product(-0.3f, left, right, there.span().data(), stream);
  add_product<float>(-0.3f, {p, rank, rows}, {q, rank, columns}, m);
  EXPECT_EQ(bits_of(to_host(there.span(), stream)), bits_of(m)) << rows << "x" << columns;
  write_product(left, right, there.span().data(), stream);
  std::ranges::fill(m, 0.0f);
  add_product<float>(1, {p, rank, rows}, {q, rank, columns}, m);
  EXPECT_EQ(bits_of(to_host(there.span(), stream)), bits_of(m)) << rows << "x" << columns;
}

TEST(DeviceProduct, GivesTheHostsBits) {
  for (const std::size_t rank : {1u, 4u, 7u, 8u, 9u, 17u}) {
    expect_the_hosts_product(63, 33, rank);
    expect_the_hosts_product(130, 31, rank);
  }
  expect_the_hosts_product(1, 1, 1);
  expect_the_hosts_product(1, 5000, 1);
  expect_the_hosts_product(5000, 1, 1);
}

}  // namespace
}  // namespace pith::test
