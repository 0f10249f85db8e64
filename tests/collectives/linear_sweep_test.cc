// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "collectives/sweep_cases.h"

// The same for linear compressors, and what the trainer gets from them.
namespace pith::test {
namespace {

// Rows of more than a block, and more rows than are summed together.
TEST(LinearSweep, GivesThePlainBitsForEveryRuleAndCompressor) {
  for (const Rows& shape : {Rows{1, 1}, Rows{5, 1}, Rows{1, 7}, Rows{33, 20}, Rows{37, 130},
                            Rows{3, 1500}, Rows{300, 17}}) {
    for_each_case(shape, expect_same);
  }
}

// Large enough for states and means that are written past the caches.
TEST(LinearSweep, GivesThePlainBitsOfLargeTensors) {
  for (const std::string rule : kRules) {
    for (const Commit commit : {Commit::step, Commit::inplace}) {
      expect_same(linear_case("lowrank(rank=4)", rule, {1031, 397}, commit));
    }
  }
  expect_same(linear_case("cast(bf16)", "ef14", {1031, 397}, Commit::step));
}

TEST(LinearSweep, LeavesNothingOfAStepWithANan) {
  for_each_case({301, 17}, [](const Case& one) {
    if (one.commit == Commit::step) expect_nothing_left(one);
  });
}

}  // namespace
}  // namespace pith::test
