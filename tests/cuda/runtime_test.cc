// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/compressors/device_select.h>
#include <pith/core/error.h>
#include <pith/cuda/graph.h>
#include <pith/cuda/memory.h>
#include <pith/cuda/stream.h>

#include "emulation/cuda_runtime.h"
#include "support/device.h"
#include "support/usage_error.h"

// What is asked of CUDA's runtime where it does not do as usual.
namespace pith::test {
namespace {

struct OldDriver {
  OldDriver() { emulation::make_driver_old(true); }
  ~OldDriver() { emulation::make_driver_old(false); }
};

TEST(EmulatedRuntime, AnOldDriverCannotTellWhoseStreamItIs) {
  const cuda::Stream stream;
  const cuda::DeviceBuffer<float> x(4);
  const OldDriver old;
  EXPECT_EQ(usage_error([&] { cuda::check_on_device("x", x.span(), stream); }), "");
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

// A trainer that asks for the last error after a launch of its own must not find one of Pith's.
TEST(EmulatedRuntime, AGraphThatCannotBeCapturedLeavesNoError) {
  const cuda::Stream stream;
  const auto allocate = [] { const cuda::DeviceBuffer<float> x(4); };
  EXPECT_THROW(cuda::Graph(stream, allocate), Error);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_NO_THROW(cuda::Graph(stream, [] {}));
}

// The trainer may be capturing it, or have hours of work there.
TEST(EmulatedRuntime, TopKDoesNotWaitForTheDefaultStream) {
  bool done = false;
  emulation::enqueue(nullptr, [&] { done = true; });
  const DeviceLargest largest;
  EXPECT_FALSE(done);
  cuda::synchronize(nullptr);
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace pith::test
