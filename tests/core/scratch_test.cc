// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include <pith/core/scratch.h>

#include "support/allocation_counter.h"

namespace pith::test {
namespace {

template <class U>
bool is_aligned(std::span<U> memory) {
  return reinterpret_cast<std::uintptr_t>(memory.data()) % 64 == 0;
}

TEST(Scratch, TakesWhatIsAskedForOnCacheLines) {
  Scratch scratch;
  for (const std::size_t count : {1u, 7u, 64u, 1000u, 100'000u}) {
    const auto bytes = scratch.take<std::byte>(count);
    const auto doubles = scratch.take<double>(count);
    EXPECT_EQ(bytes.size(), count);
    EXPECT_EQ(doubles.size(), count);
    EXPECT_TRUE(is_aligned(bytes) && is_aligned(doubles));
  }
  EXPECT_TRUE(scratch.take<float>(0).empty());
}

TEST(Scratch, KeepsEarlierMemoryWhileItGrows) {
  Scratch scratch;
  std::vector<std::span<std::size_t>> taken;
  for (std::size_t i = 0; i < 50; ++i) {
    taken.push_back(scratch.take<std::size_t>(1000 * i + 1));
    std::ranges::fill(taken.back(), i);
  }
  for (std::size_t i = 0; i < taken.size(); ++i) {
    EXPECT_EQ(std::ranges::count(taken[i], i), static_cast<std::ptrdiff_t>(taken[i].size()));
  }
}

TEST(Scratch, CopiesValuesToMemoryOfTheirOwn) {
  Scratch scratch;
  std::vector<int> values{3, 1, 2};
  const auto copy = scratch.copy<int>(values);
  values[0] = 7;
  EXPECT_EQ(std::vector<int>(copy.begin(), copy.end()), (std::vector<int>{3, 1, 2}));
  EXPECT_TRUE(scratch.copy<int>({}).empty());
}

TEST(ScratchFrame, GivesBackWhatWasTakenSinceItsStart) {
  Scratch scratch;
  const auto before = scratch.take<float>(10);
  const float* inside = nullptr;
  {
    const Scratch::Frame frame(scratch);
    inside = scratch.take<float>(100).data();
    EXPECT_NE(inside, before.data());
  }
  EXPECT_EQ(scratch.take<float>(100).data(), inside);
}

TEST(ScratchFrame, NestsAndSurvivesGrowth) {
  Scratch scratch;
  const auto kept = scratch.take<int>(100);
  std::ranges::fill(kept, 1);
  const int* first = nullptr;
  {
    const Scratch::Frame outer(scratch);
    first = scratch.take<int>(100).data();
    {
      const Scratch::Frame inner(scratch);
      std::ranges::fill(scratch.take<int>(1'000'000), 2);
    }
    std::ranges::fill(scratch.take<int>(1'000'000), 3);
  }
  EXPECT_EQ(scratch.take<int>(100).data(), first);
  EXPECT_EQ(std::ranges::count(kept, 1), 100);
}

TEST(ScratchFrame, LeavesLaterChunksToBeUsedFromTheirStart) {
  Scratch scratch;
  scratch.take<std::byte>(60'000);
  const auto take_a_chunk = [&] {
    const Scratch::Frame frame(scratch);
    return scratch.take<std::byte>(100'000).data();
  };
  const std::byte* first = take_a_chunk();
  const std::size_t capacity = scratch.capacity();
  EXPECT_EQ(take_a_chunk(), first);
  EXPECT_EQ(scratch.capacity(), capacity);
}

void take_a_step(Scratch& scratch) {
  scratch.clear();
  scratch.take<float>(20'000);
  for (std::size_t tensor = 0; tensor < 5; ++tensor) {
    const Scratch::Frame frame(scratch);
    scratch.take<std::byte>(90'000 + tensor);
    scratch.take<double>(30'000);
  }
}

TEST(Scratch, AllocatesNothingAfterTheHighWaterMark) {
  Scratch scratch;
  take_a_step(scratch);
  take_a_step(scratch);  // its clear() joins the chunks
  const std::size_t capacity = scratch.capacity();
  const std::size_t before = allocations();
  for (int step = 0; step < 10; ++step) take_a_step(scratch);
  EXPECT_EQ(allocations(), before);
  EXPECT_EQ(scratch.capacity(), capacity);
}

TEST(Scratch, JoinsItsChunksWhenCleared) {
  Scratch scratch;
  scratch.take<std::byte>(100'000);
  scratch.take<std::byte>(200'000);
  const std::size_t total = scratch.capacity();
  EXPECT_GE(total, 300'000u);
  scratch.clear();
  const std::size_t before = allocations();
  scratch.take<std::byte>(total);
  EXPECT_EQ(allocations(), before);
}

TEST(Scratch, HoldsNothingAtFirst) { EXPECT_EQ(Scratch().capacity(), 0u); }

TEST(Allocations, AreCounted) {
  const std::size_t before = allocations();
  Scratch scratch;
  scratch.take<float>(1);
  EXPECT_GT(allocations(), before);
}

}  // namespace
}  // namespace pith::test
