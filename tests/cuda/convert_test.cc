// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include <pith/core/half.h>
#include <pith/cuda/convert.h>

#include "support/device.h"

namespace pith::test {
namespace {

template <class Number>
std::vector<Number> all_numbers() {
  std::vector<Number> all;
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    all.push_back({static_cast<std::uint16_t>(bits)});
  }
  return all;
}

/// Every number, half-way between it and the next one, and a little to both sides of that; behind
/// the largest one infinity, the largest float and NaN are among them.
template <class Number>
std::vector<float> around_all_numbers() {
  std::vector<float> all;
  for (const Number number : all_numbers<Number>()) {
    const Number next{static_cast<std::uint16_t>(number.bits + 1)};
    const float between = to_float(number) + (to_float(next) - to_float(number)) / 2;
    const auto bits = std::bit_cast<std::uint32_t>(between);
    for (const std::uint32_t near : {bits - 1, bits, bits + 1}) {
      all.push_back(std::bit_cast<float>(near));
    }
    all.push_back(to_float(number));
  }
  for (const float edge : {65519.996f, 65520.0f, std::numeric_limits<float>::max(),
                           std::numeric_limits<float>::denorm_min()}) {
    all.push_back(edge);
    all.push_back(-edge);
  }
  return all;
}

template <class Number>
void expect_exact_floats() {
  const cuda::Stream stream;
  const auto numbers = all_numbers<Number>();
  const auto there = to_device(numbers, stream);
  const cuda::DeviceBuffer<float> out(numbers.size());
  cuda::widen<Number>(there.span(), out.span(), stream);
  const auto floats = to_host(out.span(), stream);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(floats[i]),
              std::bit_cast<std::uint32_t>(to_float(numbers[i])))
        << i;
  }
}

TEST(DeviceWiden, IsExactForEveryNumber) {
  expect_exact_floats<Half>();
  expect_exact_floats<BFloat16>();
}

template <class Number>
void expect_the_hosts_numbers() {
  const cuda::Stream stream;
  const auto x = around_all_numbers<Number>();
  const auto there = to_device(x, stream);
  const cuda::DeviceBuffer<Number> out(x.size());
  cuda::narrow<Number>(there.span(), out.span(), stream);
  const auto numbers = to_host(out.span(), stream);
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(numbers[i], to_number<Number>(x[i])) << x[i];
}

TEST(DeviceNarrow, HasTheBitsOfTheHost) {
  expect_the_hosts_numbers<Half>();
  expect_the_hosts_numbers<BFloat16>();
}

TEST(DeviceNarrow, OfNothingIsNothing) {
  const cuda::Stream stream;
  cuda::narrow<Half>({}, {}, stream);
  cuda::widen<Half>({}, {}, stream);
  EXPECT_NO_THROW(cuda::synchronize(stream));
}

}  // namespace
}  // namespace pith::test
