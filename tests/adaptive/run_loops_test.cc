// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <pith/adaptive/run_loops.h>
#include <pith/core/vector.h>

#include "adaptive/curve_data.h"
#include "compressors/message_codec.h"
#include "support/every_simd_target.h"

namespace pith::test {
namespace {

// Element by element, in double.
template <Element T, class Value>
Distances plain(const std::vector<T>& x, Value value) {
  Distances out;
  for (const T v : x) {
    const auto scaled = static_cast<double>(value(v));
    const double distance = std::abs(scaled - std::nearbyint(scaled));
    out.sum += distance;
    out.squares += distance * distance;
  }
  return out;
}

TEST(RunLoops, AreThePlainOnesAtAnySize) {
  for_each_type([]<class T>(T) {
    for (const std::size_t n : {0u, 1u, 15u, 16u, 17u, 512u, 1001u}) {
      const auto x = data<T>("gaussian", n);
      const auto whole = distances_to_whole<T>(x, T(-6), T(20.7));
      const auto of_whole = plain(x, [](T v) { return (v + T(6)) * T(20.7); });
      EXPECT_NEAR(whole.sum, of_whole.sum, 1e-5 * of_whole.sum);
      EXPECT_NEAR(whole.squares, of_whole.squares, 1e-5 * of_whole.squares);
      const auto magnitudes = distances_of_magnitudes<T>(x, T(0.9));
      const auto of_magnitudes = plain(x, [](T v) { return std::abs(v) * T(0.9); });
      EXPECT_NEAR(magnitudes.sum, of_magnitudes.sum, 1e-5 * of_magnitudes.sum);
      EXPECT_NEAR(magnitudes.squares, of_magnitudes.squares, 1e-5 * of_magnitudes.squares);
    }
  });
}

TEST(RunLoops, SquaresAreSummedAtAnyScale) {
  for_each_type([]<class T>(T) {
    for (const double scale : {1.0, 1e-30, 1e-42, 1e25}) {
      auto x = data<T>("gaussian", 1001);
      for (T& v : x) v = static_cast<T>(static_cast<double>(v) * scale);
      const double expected = squared_norm<T>(x);
      EXPECT_NEAR(squared_norm_of_run<T>(x), expected, 1e-6 * expected);
    }
    EXPECT_EQ(squared_norm_of_run<T>(std::vector<T>(100)), 0);
    EXPECT_EQ(squared_norm_of_run<T>(std::vector<T>{}), 0);
    for (const T odd : {std::numeric_limits<T>::quiet_NaN(), -std::numeric_limits<T>::infinity()}) {
      auto x = data<T>("gaussian", 100);
      x[77] = odd;
      EXPECT_FALSE(std::isfinite(squared_norm_of_run<T>(x)));
    }
  });
}

TEST(RunLoops, GiveTheSameBitsOnEveryInstructionSet) {
  for_each_type([]<class T>(T) {
    const auto x = data<T>("gaussian", 1001);
    const auto here = distances_to_whole<T>(x, T(-6), T(20.7));
    const double squares_here = squared_norm_of_run<T>(x);
    const auto magnitudes_here = distances_of_magnitudes<T>(x, T(3.1));
    on_every_simd_target([&] {
      const auto there = distances_to_whole<T>(x, T(-6), T(20.7));
      EXPECT_EQ(there.sum, here.sum);
      EXPECT_EQ(there.squares, here.squares);
      EXPECT_EQ(squared_norm_of_run<T>(x), squares_here);
      const auto magnitudes_there = distances_of_magnitudes<T>(x, T(3.1));
      EXPECT_EQ(magnitudes_there.sum, magnitudes_here.sum);
      EXPECT_EQ(magnitudes_there.squares, magnitudes_here.squares);
    });
  });
}

}  // namespace
}  // namespace pith::test
