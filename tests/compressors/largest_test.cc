// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include <pith/compressors/collect.h>
#include <pith/compressors/largest.h>

#include "inputs.h"
#include "support/every_simd_target.h"

namespace pith::test {
namespace {

template <class T>
class Largest : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Largest, Types);

template <class T>
std::span<const std::uint32_t> largest_of(const std::vector<T>& x, std::size_t k,
                                          Scratch& scratch) {
  WholeSource<T> source(x);
  const Entries<T> found = largest(source, k, scratch);
  for (std::size_t i = 0; i < k; ++i) {
    EXPECT_EQ(magnitude(found.values[i]), magnitude(x[found.indices[i]]));
  }
  return found.indices;
}

template <class T>
void expect_exact(const std::vector<T>& x, std::size_t k) {
  Scratch scratch;
  const auto found = largest_of(x, k, scratch);
  const auto expected = largest_plain<T>(x, k, scratch);
  EXPECT_TRUE(std::ranges::equal(found, expected)) << "n = " << x.size() << ", k = " << k;
}

TYPED_TEST(Largest, AreThoseOfAFullSortAtEverySizeOnEveryInstructionSet) {
  on_every_simd_target([] {
    for (const std::size_t n : {1u, 2u, 15u, 16u, 17u, 63u, 64u, 65u, 1000u, 4099u, 70001u}) {
      const auto x = gaussian<TypeParam>(n);
      for (const std::size_t k : {std::size_t{1}, n / 1000, n / 100, n / 10, n / 2, n}) {
        if (k > 0) expect_exact(x, k);
      }
    }
  });
}

TYPED_TEST(Largest, KthOfAFewIsThatOfASortOnEveryInstructionSet) {
  using Bits = BitsOf<TypeParam>;
  on_every_simd_target([] {
    for (const std::size_t n : {1u, 2u, 17u, 64u, 256u}) {
      std::vector<Bits> numbers;
      for (const TypeParam x : gaussian<TypeParam>(n)) numbers.push_back(magnitude(x));
      for (std::size_t i = 0; i < n; i += 3) numbers[i] = numbers[n / 2];  // ties
      numbers[n / 3] = ~Bits{0};
      std::vector<Bits> sorted = numbers;
      std::ranges::sort(sorted, std::greater<>());
      for (std::size_t k = 1; k <= n; ++k) {
        ASSERT_EQ(kth_of_groups(std::span<const Bits>(numbers), k), sorted[k - 1]) << n << ' ' << k;
      }
    }
  });
}

// E5 of Deep Gradient Compression: n, stride, samples, the largest of them, and k.
TEST(Dgc, E5SamplesAsThePublicCodeDoes) {
  struct Row {
    std::size_t n, stride, samples, largest, k;
  };
  for (const Row& row :
       {Row{1'500, 1, 1'500, 2, 2}, Row{4'096, 1, 4'096, 5, 5}, Row{36'864, 17, 2'168, 3, 37},
        Row{147'456, 73, 2'019, 3, 148}, Row{2'359'296, 97, 24'322, 25, 2'360}}) {
    const SamplePlan plan = sample_plan(row.n, row.k, 0.01);
    EXPECT_EQ(plan.stride, row.stride) << row.n;
    EXPECT_EQ(plan.samples, row.samples) << row.n;
    EXPECT_EQ(plan.largest, row.largest) << row.n;
  }
}

// E6: whatever the start, at least 0.8 k; and the k largest themselves where k lie above.
TEST(Dgc, E6ASampledThresholdKeepsEnough) {
  constexpr std::size_t kElements = 2'359'296;
  constexpr std::size_t kKept = 2'360;
  const auto x = gaussian<float>(kElements);
  Scratch scratch;
  const auto expected = largest_plain<float>(x, kKept, scratch);
  const SamplePlan plan = sample_plan(kElements, kKept, 0.01);
  int full = 0;
  const Random random({});
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const Scratch::Frame frame(scratch);
    WholeSource<float> source(x);
    const auto kept =
        sampled_largest(source, kKept, plan, random.below(plan.stride, trial), scratch);
    ASSERT_GE(static_cast<double>(kept.size()), 0.8 * kKept);
    ASSERT_LE(kept.size(), kKept);
    ASSERT_TRUE(std::ranges::includes(expected, kept.indices));
    if (kept.size() == kKept) ++full;
  }
  EXPECT_GT(full, 50);
  EXPECT_LT(full, 150);
}

// Nothing above a sample that met the largest alone: the threshold falls. Ties are the first ones.
TEST(Dgc, ASampledThresholdFallsAndTiesAreTheFirst) {
  constexpr std::size_t kKept = 80;
  Scratch scratch;
  std::vector<float> x(8'000, 1);
  SamplePlan plan = sample_plan(x.size(), kKept, 0.01);
  ASSERT_EQ(plan.stride, 33u);
  WholeSource<float> ties(x);
  const auto first = sampled_largest(ties, kKept, plan, 0, scratch).indices;
  ASSERT_EQ(first.size(), kKept);
  for (std::size_t i = 0; i < kKept; ++i) EXPECT_EQ(first[i], i);
  for (std::size_t s = 0; s < plan.samples; ++s) x[s * plan.stride] = 1.1f;
  x[plan.stride] = 4;
  plan.largest = 1;
  WholeSource<float> falling(x);
  const auto sampled = sampled_largest(falling, kKept, plan, 0, scratch).indices;
  EXPECT_TRUE(std::ranges::equal(sampled, largest_plain<float>(x, kKept, scratch)));
}

// What a guess from a sample can go wrong on.
template <class T>
std::vector<std::vector<T>> unfavourable(std::size_t n) {
  std::vector<std::vector<T>> all;
  const auto add = [&](auto value) {
    auto& x = all.emplace_back(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<T>(value(i));
  };
  add([](std::size_t) { return 0; });
  add([](std::size_t) { return -2; });
  add([](std::size_t i) { return i; });                    // ascending
  add([n](std::size_t i) { return n - i; });               // descending
  add([](std::size_t i) { return i % 16 == 3 ? 5 : 1; });  // periods
  add([](std::size_t i) { return i % 4096 < 41 ? i : 0; });
  add([](std::size_t i) { return i % 256 == 255 ? 1e30 : -1; });
  add([n](std::size_t i) { return i == n / 3 ? 1e38 : 1e-40; });         // a spike over subnormals
  add([](std::size_t i) { return i % 100 == 7 ? -3.0 : 0.0; });          // 99 % zeros
  add([n](std::size_t i) { return i < n / 50 ? 1e6 + double(i) : 1; });  // in one place
  return all;
}

TYPED_TEST(Largest, AreExactForUnfavourableInput) {
  on_every_simd_target([] {
    for (const auto& x : unfavourable<TypeParam>(40000)) {
      for (const std::size_t k : {1u, 40u, 400u, 4000u, 39999u}) expect_exact(x, k);
    }
  });
}

TYPED_TEST(Largest, OrderNansAboveInfinitiesAndTiesByIndex) {
  using T = TypeParam;
  using Limits = std::numeric_limits<T>;
  std::vector<T> x = gaussian<T>(20000);
  for (const std::size_t i : {19u, 5000u, 19999u}) x[i] = -Limits::quiet_NaN();
  for (const std::size_t i : {7u, 70u, 700u}) x[i] = Limits::infinity();
  on_every_simd_target([&] {
    Scratch scratch;
    const auto first = largest_of(x, 5, scratch);
    EXPECT_EQ(std::vector(first.begin(), first.end()),
              (std::vector<std::uint32_t>{7, 19, 70, 5000, 19999}));
    const std::vector<T> nans(20000, Limits::quiet_NaN());
    const auto all_alike = largest_of(nans, 3, scratch);
    EXPECT_EQ(std::vector(all_alike.begin(), all_alike.end()),
              (std::vector<std::uint32_t>{0, 1, 2}));
  });
}

}  // namespace
}  // namespace pith::test
