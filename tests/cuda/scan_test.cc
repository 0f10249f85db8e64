// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>
#include <vector>

#include <gmock/gmock.h>

#include <pith/cuda/memory.h>
#include <pith/cuda/scan.cuh>
#include <pith/cuda/stream.h>

#include "support/device.h"

// The kernels here are compiled for the emulated device only.
namespace pith::test {
namespace {

struct Sizes {
  std::uint32_t words[4];

  friend Sizes operator+(const Sizes& a, const Sizes& b) {
    return {{a.words[0] + b.words[0], a.words[1] + b.words[1], a.words[2] + b.words[2],
             a.words[3] + b.words[3]}};
  }
  friend bool operator==(const Sizes&, const Sizes&) = default;
};

template <class V>
V number(std::size_t i) {
  const auto k = static_cast<std::uint32_t>(i * i % 1009 + 1);
  if constexpr (std::is_same_v<V, Sizes>) {
    return {{k, 2 * k, k + 1, 1}};
  } else {
    return V{k} << (8 * sizeof(V) - 24);
  }
}

// Each value is written by another thread than the one that reads it.
template <class V>
void write_and_scan(V* values, std::size_t count, V* all) {
  for (std::size_t i = threadIdx.x; i < count; i += cuda::kBlock) values[i] = number<V>(i);
  const V sum = cuda::scan_in_place(values, count);
  if (threadIdx.x == cuda::kBlock - 1) *all = sum;
}

template <class V>
class ScanInPlace : public testing::Test {};
using Values = testing::Types<std::uint32_t, std::uint64_t, Sizes>;
TYPED_TEST_SUITE(ScanInPlace, Values);

TYPED_TEST(ScanInPlace, GivesTheSumOfThoseBeforeAndOfAll) {
  const cuda::Stream stream;
  for (const std::size_t count : {0u, 1u, 2u, 9u, 31u, 256u, 511u, 2047u, 2049u, 4096u, 5000u}) {
    std::vector<TypeParam> expected;
    TypeParam sum{};
    for (std::size_t i = 0; i < count; ++i) {
      expected.push_back(sum);
      sum = sum + number<TypeParam>(i);
    }
    for (int order = 0; order < 2; ++order) {  // of the emulated threads
      const cuda::DeviceBuffer<TypeParam> values(count);
      const cuda::DeviceBuffer<TypeParam> all(1);
      cuda::launch(write_and_scan<TypeParam>, 1, cuda::kBlock, stream, values.span().data(), count,
                   all.span().data());
      EXPECT_EQ(to_host(values.span(), stream), expected) << count;
      EXPECT_EQ(to_host(all.span(), stream), std::vector{sum}) << count;
    }
  }
}

template <unsigned kLanes>
void sum_lanes(const float* x, float* sums) {
  sums[threadIdx.x] = cuda::warp_sum<kLanes>(x[threadIdx.x]);
}

// As a host's tree, over the `lanes` numbers from x on.
template <unsigned kLanes>
float tree(const float* x) {
  std::array<float, kLanes> sums;
  std::copy_n(x, kLanes, sums.begin());
  for (unsigned half = kLanes / 2; half > 0; half /= 2) {
    for (unsigned j = 0; j < half; ++j) sums[j] += sums[j + half];
  }
  return sums[0];
}

template <unsigned kLanes>
void expect_trees() {
  const cuda::Stream stream;
  std::vector<float> x;
  for (int i = 0; i < 64; ++i) x.push_back(std::pow(-1.7f, static_cast<float>(i * 37 % 41)));
  std::vector<float> expected;
  for (unsigned i = 0; i < x.size(); ++i) {
    expected.push_back(tree<kLanes>(x.data() + i / kLanes * kLanes));
  }
  const auto there = to_device(x, stream);
  const cuda::DeviceBuffer<float> sums(x.size());
  cuda::launch(sum_lanes<kLanes>, 1, 64, stream, there.span().data(), sums.span().data());
  EXPECT_EQ(to_host(sums.span(), stream), expected) << kLanes;
}

TEST(WarpSum, HasTheBitsOfTheHostsTree) {
  expect_trees<32>();
  expect_trees<16>();
  expect_trees<4>();
}

void largest_of_lanes(const float* x, float* found) {
  found[threadIdx.x] =
      cuda::warp_fold(x[threadIdx.x], [](float a, float b) { return a < b ? b : a; });
}

TEST(WarpFold, FindsTheLargestOfAWarpInEveryLane) {
  const cuda::Stream stream;
  for (std::size_t place = 0; place < cuda::kWarp; ++place) {
    std::vector<float> x(cuda::kWarp, -2.0f);
    x[place] = -1;
    const auto there = to_device(x, stream);
    const cuda::DeviceBuffer<float> found(x.size());
    cuda::launch(largest_of_lanes, 1, cuda::kWarp, stream, there.span().data(),
                 found.span().data());
    EXPECT_THAT(to_host(found.span(), stream), testing::Each(-1.0f)) << place;
  }
}

}  // namespace
}  // namespace pith::test
