// SPDX-License-Identifier: Apache-2.0
#include "program/sum_over_ranks.h"

#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/local.h>

namespace program {
namespace {

// Next to 1e16, 1 is half a unit in the last place: what is left of it tells the order.
TEST(SumOverRanks, AddsInRankOrder) {
  const std::vector<double> first{1e16, 1.0, -1e16};
  const std::vector<double> second{1e16, -1e16, 1.0};
  pith::run_local(3, [&](pith::Communicator& world) {
    const auto rank = static_cast<std::size_t>(world.rank());
    std::vector<double> values{first[rank], second[rank]};
    sum_over_ranks(world, values);
    EXPECT_THAT(values, ::testing::ElementsAre(0.0, 1.0)) << "rank " << rank;
  });
}

}  // namespace
}  // namespace program
