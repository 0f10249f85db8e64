// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/optim/onebit_adam.h>

#include "core/variable.h"
#include "optim/model.h"
#include "support/allocation_counter.h"

// What all optimizers of the family have in common.
namespace pith::test {
namespace {

TEST(AdamOptimizer, BroadcastsTheFirstRanksParameters) {
  run_local(3, [](Communicator& communicator) {
    Model<float> model({20, 3});
    const auto of_rank_0 = model.parameters;
    for (float& value : model.parameters[1]) value += static_cast<float>(communicator.rank());
    OneBitAdam<float> adam(communicator);
    model.join(adam);
    adam.broadcast();
    EXPECT_EQ(model.parameters, of_rank_0);
  });
}

TEST(AdamOptimizer, OnlyReadsGradients) {
  run_local(2, [](Communicator& communicator) {
    Model<float> model({20});
    OneBitAdam adam(communicator, {.freeze_step = 2});  // of floats, unless it is said
    model.join(adam);
    for (std::uint64_t t = 0; t < 4; ++t) {
      model.draw(t, communicator.rank());
      const auto before = model.gradients;
      ASSERT_TRUE(adam.step().committed);
      EXPECT_EQ(model.gradients, before);
    }
  });
}

/// What rank 0 of two sends in a full-precision and in a compressed step of 100,000 floats.
std::pair<double, double> bytes_of_steps(const AdamOptions& options) {
  std::pair<double, double> bytes;
  run_local(2, [&](Communicator& communicator) {
    Model<float> model({100'000});
    OneBitAdam<float> adam(communicator, {.adam = options, .freeze_step = 2});
    model.join(adam);
    model.draw(0, communicator.rank());
    const auto step = [&] {
      const auto before = communicator.wire_bytes();
      EXPECT_TRUE(adam.step().committed);
      return static_cast<double>(communicator.wire_bytes() - before);
    };
    step();
    const double full = step();
    if (communicator.rank() == 0) bytes = {full, step()};
    if (communicator.rank() == 1) step();
  });
  return bytes;
}

TEST(AdamOptimizer, TakesWhatCompressedStepsSendFromTheEnvironment) {
  const Variable compressor("PITH_COMPRESSOR", "quantize(bits=8)");
  const auto [full, compressed] = bytes_of_steps({});
  EXPECT_NEAR(full, 400'000, 100);
  EXPECT_NEAR(compressed, 100'000, 5'000);
}

TEST(AdamOptimizer, SendsFullPrecisionInHalfTheBytesIfTold) {
  const auto [full, compressed] = bytes_of_steps({.full_precision = "cast(fp16)"});
  EXPECT_NEAR(full, 200'000, 100);
  EXPECT_NEAR(compressed, 12'500 + 25 * 4, 400);
}

TEST(AdamOptimizer, AllocatesNothingOnceBuffersHaveGrown) {
  run_local(2, [](Communicator& communicator) {
    Model<float> model({1000, 50});
    OneBitAdam<float> adam(communicator, {.freeze_step = 10});
    model.join(adam);
    model.draw(0, communicator.rank());
    const auto allocated = [&](int steps) {
      communicator.barrier();
      const std::size_t before = allocations();
      communicator.barrier();
      for (int t = 0; t < steps; ++t) adam.step();
      communicator.barrier();
      const std::size_t after = allocations();
      communicator.barrier();
      return after - before;
    };
    allocated(3);
    EXPECT_EQ(allocated(5), 0);
    allocated(5);
    EXPECT_EQ(allocated(20), 0);
  });
}

}  // namespace
}  // namespace pith::test
