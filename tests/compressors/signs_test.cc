// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gtest/gtest.h>

#include <pith/compressors/bits.h>

#include "inputs.h"
#include "support/every_simd_target.h"

namespace pith::test {
namespace {

template <class T>
class Signs : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Signs, Types);

// Gaussian numbers among which are both zeros, NaNs, infinities and subnormals.
template <class T>
std::vector<T> numbers(std::size_t n) {
  using Limits = std::numeric_limits<T>;
  auto x = gaussian<T>(n);
  const T special[] = {T{0},
                       -T{0},
                       Limits::quiet_NaN(),
                       -Limits::quiet_NaN(),
                       Limits::infinity(),
                       -Limits::infinity(),
                       Limits::denorm_min(),
                       -Limits::denorm_min()};
  for (std::size_t i = 0; i < n; i += 3) x[i] = special[i / 3 % 8];
  return x;
}

// Cut after `first` elements, so that what follows begins within a byte.
TYPED_TEST(Signs, ArePackedAndAddedAsOneByOneOnEveryInstructionSet) {
  using T = TypeParam;
  on_every_simd_target([] {
    for (const std::size_t n : {0u, 1u, 7u, 8u, 9u, 31u, 64u, 65u, 1000u, 4099u}) {
      const auto x = numbers<T>(n);
      std::vector<std::byte> expected(bytes_of(n));
      BitWriter one_by_one(expected, 1);
      for (const T v : x) one_by_one.put(!(v < 0));
      one_by_one.finish();
      for (const std::size_t first : {0u, 1u, 3u, 8u, 13u}) {
        if (first > n) continue;
        std::vector<std::byte> bits(bytes_of(n));
        BitWriter writer(bits, 1);
        writer.put_signs(std::span<const T>(x).first(first));
        writer.put_signs(std::span<const T>(x).subspan(first));
        writer.finish();
        EXPECT_EQ(bits, expected) << n << " after " << first;

        const auto before = gaussian<T>(n, 5);
        auto y = before;
        BitReader reader(bits, 1);
        reader.add_signs(T(0.3), std::span(y).first(first));
        reader.add_signs(T(0.3), std::span(y).subspan(first));
        for (std::size_t i = 0; i < n; ++i) {
          EXPECT_EQ(y[i], before[i] + (x[i] < 0 ? -T(0.3) : T(0.3))) << i << " of " << n;
        }
      }
    }
  });
}

}  // namespace
}  // namespace pith::test
