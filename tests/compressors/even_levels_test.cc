// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <pith/compressors/bits.h>
#include <pith/compressors/even_levels.h>
#include <pith/compressors/rounding_point.h>

#include "inputs.h"
#include "support/every_simd_target.h"

namespace pith::test {
namespace {

constexpr std::size_t kSizes[] = {1, 7, 8, 9, 15, 16, 17, 33, 512, 4099};

template <class T>
class EvenLevels : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(EvenLevels, Types);

TYPED_TEST(EvenLevels, FindTheLeastAndTheLargestOnEveryInstructionSet) {
  using T = TypeParam;
  on_every_simd_target([] {
    for (const std::size_t n : kSizes) {
      for (std::size_t at = 0; at < n; at += 1 + n / 9) {
        auto x = gaussian<T>(n);
        x[at] = -100;
        EXPECT_EQ(extremes<T>(x).min, -100);
        x[at] = 100;
        EXPECT_EQ(extremes<T>(x).max, 100);
        EXPECT_TRUE(extremes<T>(x).finite);
        for (const T bad : {std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(),
                            std::numeric_limits<T>::quiet_NaN()}) {
          x[at] = bad;
          EXPECT_FALSE(extremes<T>(x).finite);
        }
      }
    }
  });
}

// The plain rule, with numbers beyond the levels and halfway between them.
TYPED_TEST(EvenLevels, RoundAndDecodeAsOneByOneOnEveryInstructionSet) {
  using T = TypeParam;
  const T min = -2, unit = T(0.3), top = 15;
  on_every_simd_target([&] {
    for (const std::size_t n : kSizes) {
      auto x = gaussian<T>(n);
      for (T& v : x) v = min + std::abs(v);
      for (std::size_t i = 0; i < n; i += 3) x[i] = min + unit * (static_cast<T>(i % 40) / 2);
      std::vector<std::uint8_t> levels(n);
      nearest_levels<T>(x, min, unit, top, levels);
      const auto before = gaussian<T>(n, 9);
      auto y = before;
      add_levels<T>(T(0.7), levels, min, unit, y);
      for (std::size_t i = 0; i < n; ++i) {
        const T level = round_at((x[i] - min) * (1 / unit), 0.5f);
        const T inside = std::min(top, std::max(T{0}, level));
        EXPECT_EQ(levels[i], inside) << i << " of " << n << ": " << x[i];
        EXPECT_EQ(y[i], before[i] + T(0.7) * (min + unit * inside)) << i << " of " << n;
      }
    }
  });
}

TYPED_TEST(EvenLevels, ArePackedInFourBitsAsOneByOneOnEveryInstructionSet) {
  using T = TypeParam;
  on_every_simd_target([] {
    for (const std::size_t n : {2u, 16u, 30u, 512u, 4098u}) {
      auto x = gaussian<T>(n);
      for (T& v : x) v = std::abs(v);
      std::vector<std::uint8_t> levels(n);
      nearest_levels<T>(x, 0, T(0.2), 15, levels);
      std::vector<std::byte> expected(n / 2), packed(n / 2);
      pack_codes(levels, 4, expected);
      ASSERT_TRUE(nearest_nibbles<T>(x, 0, T(0.2), packed.data()));
      EXPECT_EQ(packed, expected) << n;
    }
  });
}

TYPED_TEST(EvenLevels, OfZerosArePositiveOnEveryInstructionSet) {
  using T = TypeParam;
  on_every_simd_target([] {
    const std::vector<T> zeros(17, -T{0});
    EXPECT_FALSE(std::signbit(extremes<T>(zeros).min));
    EXPECT_FALSE(std::signbit(extremes<T>(zeros).max));
  });
}

// 1 / unit would be infinite.
TYPED_TEST(EvenLevels, RoundNumbersBelowTheNormalOnes) {
  using T = TypeParam;
  const T unit = std::numeric_limits<T>::denorm_min();
  std::vector<std::uint8_t> levels(3);
  nearest_levels<T>(std::vector<T>{0, 2 * unit, 5 * unit}, 0, unit, 15, levels);
  EXPECT_EQ(levels, (std::vector<std::uint8_t>{0, 2, 5}));
}

// Codes of every width, begun within a byte, equal those that are put and taken one by one.
TEST(Codes, ArePackedAndUnpackedAsOneByOneOnEveryInstructionSet) {
  on_every_simd_target([] {
    for (unsigned width = 1; width <= 8; ++width) {
      for (const std::size_t n : kSizes) {
        std::vector<std::uint8_t> codes(n);
        for (std::size_t i = 0; i < n; ++i) {
          codes[i] = static_cast<std::uint8_t>((i * 151 + 77) % (1u << width));
        }
        std::vector<std::byte> expected(bytes_of(n * width));
        BitWriter one_by_one(expected, width);
        for (const auto code : codes) one_by_one.put(code);
        one_by_one.finish();
        for (const std::size_t first : {0u, 1u, 3u, 7u}) {
          std::vector<std::byte> bytes(expected.size());
          BitWriter writer(bytes, width);
          writer.put_all(std::span<const std::uint8_t>(codes).first(first % n));
          writer.put_all(std::span<const std::uint8_t>(codes).subspan(first % n));
          writer.finish();
          EXPECT_EQ(bytes, expected) << width << " bits, " << n << " after " << first;
          std::vector<std::uint8_t> read(n);
          BitReader reader(bytes, width);
          reader.get_all(std::span(read).first(first % n));
          reader.get_all(std::span(read).subspan(first % n));
          EXPECT_EQ(read, codes) << width << " bits, " << n << " after " << first;
        }
      }
    }
  });
}

}  // namespace
}  // namespace pith::test
