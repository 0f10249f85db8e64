// SPDX-License-Identifier: Apache-2.0
#include "bench/samples.h"

#include <gtest/gtest.h>

#include <pith/comm/local.h>

#include "bench/median.h"

namespace pith::bench {
namespace {

TEST(Median, IsTheMiddleOne) {
  EXPECT_EQ(median({5, 1, 3}), 3);
  EXPECT_EQ(median({4, 1, 2, 100}), 3);
  EXPECT_EQ(median({}), 0);
}

// Times of three operations on two ranks: (1, 9, 2) and (3, 1, 1).
TEST(Samples, TakeTheSlowestRankOfEveryOperation) {
  run_local(2, [](Communicator& communicator) {
    const bool first = communicator.rank() == 0;
    std::vector<Sample> mine(3);
    for (std::size_t i = 0; i < mine.size(); ++i) {
      mine[i].seconds = first ? std::array{1, 9, 2}[i] : std::array{3, 1, 1}[i];
    }
    const Samples samples(communicator, mine);
    EXPECT_EQ(samples.slowest(&Sample::seconds), 3);
    EXPECT_EQ(samples.total(&Sample::seconds), 4);
    EXPECT_EQ(samples.slowest(&Sample::wire_bytes), 0);
  });
}

}  // namespace
}  // namespace pith::bench
