// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/reducer/all_reduce.h>

namespace pith::test {
namespace {

TEST(AllReduceMean, KeepsStateByNameAndRefusesAnotherCompressor) {
  run_local(2, [](Communicator& communicator) {
    double sum = 0;
    for (std::uint64_t t = 0; t < 40; ++t) {
      std::vector<float> x{1.0f, 0.25f};
      EXPECT_TRUE(all_reduce_mean(communicator, "grad", x, "topk(k=1)"));
      sum += x[1];
    }
    // Without the residual the smaller element would never be sent.
    EXPECT_NEAR(sum, 10.0, 1.0);
    std::vector<float> x{1.0f, 0.25f};
    EXPECT_THROW(all_reduce_mean(communicator, "grad", x, "onebit"), UsageError);
  });
}

// Mean and rule come from the environment where it says so: it beats code everywhere.
TEST(AllReduceMean, ObeysTheEnvironment) {
  setenv("PITH_COMPRESSOR", "topk(k=1)", 1);
  setenv("PITH_FEEDBACK", "none", 1);
  run_local(2, [](Communicator& communicator) {
    std::vector<float> x{3, 1, 2};
    EXPECT_TRUE(all_reduce_mean(communicator, "grad", x, "none"));
    EXPECT_EQ(x, (std::vector<float>{3, 0, 0}));
  });
  unsetenv("PITH_COMPRESSOR");
  unsetenv("PITH_FEEDBACK");
}

TEST(AllReduceMean, TellsEveryRankThatOneGaveAnotherCompressor) {
  run_local(3, [](Communicator& communicator) {
    std::vector<float> x(4, 1.0f);
    EXPECT_TRUE(all_reduce_mean(communicator, "grad", x, "topk(k=1)"));
    const bool odd = communicator.rank() == 1;
    EXPECT_THAT([&] { all_reduce_mean(communicator, "grad", x, odd ? "onebit" : "topk(k=1)"); },
                testing::ThrowsMessage<UsageError>(
                    testing::HasSubstr("rank 1: all_reduce: \"grad\" was first used with topk")));
    EXPECT_TRUE(all_reduce_mean(communicator, "grad", x, "topk(k=1)"));
  });
}

TEST(AllReduceSum, IsTheMeanTimesTheRanks) {
  run_local(4, [](Communicator& communicator) {
    std::vector<double> x(7, 1.0 + communicator.rank());
    EXPECT_TRUE(all_reduce_sum(communicator, "grad", x, "none"));
    EXPECT_EQ(x, std::vector<double>(7, 10.0));
  });
}

TEST(AllReduceMean, TellsOfANonFiniteBufferAndLeavesItAlone) {
  run_local(2, [](Communicator& communicator) {
    std::vector<float> x{1.0f, communicator.rank() == 0 ? std::nanf("") : 3.0f};
    EXPECT_FALSE(all_reduce_mean(communicator, "grad", x, "topk(k=1)"));
    EXPECT_EQ(x[0], 1.0f);
  });
}

}  // namespace
}  // namespace pith::test
