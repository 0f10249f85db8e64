// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include <gmock/gmock.h>

#include <pith/core/error.h>
#include <pith/cuda/device_scratch.h>
#include <pith/cuda/memory.h>
#include <pith/cuda/stream.h>

#include "support/device.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

std::vector<int> counted(std::size_t n) {
  std::vector<int> x(n);
  std::iota(x.begin(), x.end(), 1);
  return x;
}

TEST(DeviceMemory, KeepsWhatIsCopiedThere) {
  const cuda::Stream stream;
  const auto x = counted(1000);
  const auto there = to_device(x, stream);
  cuda::DeviceBuffer<int> again(x.size());
  cuda::copy(DeviceSpan<const int>(there), again.span(), stream);
  EXPECT_EQ(to_host(again.span(), stream), x);
}

TEST(DeviceMemory, IsClearedInTheStreamsOrder) {
  const cuda::Stream stream;
  const auto there = to_device(counted(8), stream);
  cuda::clear(there.span().first(3), stream);
  EXPECT_EQ(to_host(there.span(), stream), (std::vector<int>{0, 0, 0, 4, 5, 6, 7, 8}));
}

TEST(DeviceMemory, AnEventHoldsAnotherStreamBack) {
  const cuda::Stream one;
  const cuda::Stream other;
  const auto x = counted(100);
  cuda::PinnedBuffer<int> pinned(x.size());
  std::ranges::copy(x, pinned.span().begin());
  cuda::DeviceBuffer<int> there(x.size());
  cuda::upload(std::span<const int>(pinned.span()), there.span(), one);
  cuda::Event event;
  event.record(one);
  event.hold_back(other);
  EXPECT_EQ(to_host(there.span(), other), x);
}

TEST(DeviceScratchMemory, IsTakenOnceAndKept) {
  cuda::DeviceScratch scratch;
  const auto step = [&] {
    scratch.take<float>(1 << 20);
    return scratch.take<float>(1 << 20).data();
  };
  step();
  scratch.clear();
  const float* const second = step();
  const std::size_t held = scratch.capacity();
  scratch.clear();
  EXPECT_EQ(step(), second);
  EXPECT_EQ(scratch.capacity(), held);
}

// Whatever becomes of the others.
TEST(DeviceScratchMemory, ItsFirstChunkStaysWhereItIs) {
  cuda::DeviceScratch scratch;
  const auto step = [&] {
    const auto first = scratch.take<float>(1 << 20);
    scratch.take<float>(1 << 20);
    scratch.take<float>(1 << 20);
    return first.data();
  };
  const float* const first = step();
  const std::size_t held = scratch.capacity();
  for (int i = 0; i < 3; ++i) {
    scratch.clear();
    EXPECT_EQ(step(), first);
    EXPECT_EQ(scratch.capacity(), held);
  }
}

TEST(DeviceScratchMemory, SettlesForTheMostThatWasTakenAtATime) {
  cuda::DeviceScratch scratch;
  const auto step = [&] {
    scratch.take<std::byte>(1000);
    for (const std::size_t size : {2u << 20, 1u << 20, 3u << 20}) {
      const cuda::DeviceScratch::Frame frame(scratch);
      scratch.take<std::byte>(size);
    }
  };
  step();
  scratch.settle();
  EXPECT_EQ(scratch.capacity(), (3u << 20) + 1024);
  step();
  EXPECT_EQ(scratch.capacity(), (3u << 20) + 1024);
}

TEST(DeviceScratchMemory, AFrameGivesBackWhatWasTakenInIt) {
  cuda::DeviceScratch scratch;
  scratch.take<int>(10);
  int* first = nullptr;
  {
    const cuda::DeviceScratch::Frame frame(scratch);
    first = scratch.take<int>(10).data();
  }
  EXPECT_EQ(scratch.take<int>(10).data(), first);
}

TEST(OnDevice, TakesMemoryOfTheDevice) {
  const cuda::Stream stream;
  const cuda::DeviceBuffer<float> there(10);
  EXPECT_NO_THROW(cuda::check_on_device("push: tensor \"a\"", there.span(), stream));
}

TEST(OnDevice, RefusesHostMemory) {
  std::vector<float> host(10);
  const cuda::PinnedBuffer<float> pinned(10);
  EXPECT_THAT(
      usage_error([&] { cuda::check_on_device("push: tensor \"a\"", host.data(), nullptr); }),
      testing::StartsWith("push: tensor \"a\": this is host memory, not memory of device 0"));
  EXPECT_THAT(usage_error([&] { cuda::check_on_device("push", pinned.span().data(), nullptr); }),
              testing::StartsWith("push: this is pinned host memory, not memory of device 0"));
}

// With one device there is no other.
TEST(OnDevice, RefusesAnotherDevicesMemoryAndStream) {
  if (cuda::devices() < 2) GTEST_SKIP() << "one device";
  const cuda::DeviceBuffer<float> there(10);
  const cuda::Stream stream;
  cuda::use_device(1);
  const cuda::DeviceBuffer<float> here(10);
  EXPECT_THAT(usage_error([&] { cuda::check_on_device("push", there.span(), nullptr); }),
              testing::StartsWith("push: this is memory of device 0, not memory of device 1"));
  EXPECT_THAT(usage_error([&] { cuda::check_on_device("push", here.span(), stream); }),
              testing::StartsWith("push: the stream is of device 0, the memory of device 1"));
  cuda::use_device(0);
}

}  // namespace
}  // namespace pith::test
