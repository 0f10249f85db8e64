// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <span>
#include <string>

#include "collectives/sweep.h"

// The same for linear compressors, and what the trainer gets from them.
namespace pith::test {
namespace {

constexpr const char* kLinear[] = {"lowrank(rank=4)",
                                   "randomk(density=0.1)",
                                   "cast(bf16)",
                                   "acp(rank=4)",
                                   "arctopk(density=0.1,block=9,sketch=2)",
                                   "lowrank(rank=3,warm=false)",
                                   "lowrank(rank=2)|cast(fp16)",
                                   "arctopk(density=0.1)|cast(bf16)",
                                   "randomk(k=7)|cast(bf16)"};

/// All, or under sanitizers, which take ten times as long, one of each kind.
std::span<const char* const> some_linear() {
  return std::span(kLinear).first(PITH_MANY_ELEMENTS > 10000 ? std::size(kLinear) : 5);
}

struct Rows {
  std::size_t rows;
  std::size_t columns;
};

Case linear_case(const std::string& compressor, const std::string& rule, const Rows& shape,
                 Commit commit) {
  return {compressor, rule, shape.rows * shape.columns, 1, commit, shape.columns};
}

/// Calls check(case) for every compressor, rule and way to commit.
template <class Check>
void for_each_case(const Rows& shape, const Check& check) {
  for (const std::string compressor : kLinear) {
    for (const std::string rule : kRules) {
      for (const Commit commit : {Commit::step, Commit::inplace}) {
        check(linear_case(compressor, rule, shape, commit));
      }
    }
  }
}

void expect_nothing_left(const Case& one) {
  run_local(1, [&](Communicator& alone) {
    for (const std::size_t bad : {one.n / 6, one.n / 2, one.n - 1}) {
      Sender sender(one, false, alone);
      Sender clean(one, false, alone);
      EXPECT_EQ(sender.step(gradient(one.n, 0)), clean.step(gradient(one.n, 0)));
      auto x = gradient(one.n, 1);
      x[bad] = std::numeric_limits<float>::quiet_NaN();
      EXPECT_EQ(sender.fail(x), "gradient: element " + std::to_string(bad) + " is nan");
      const WithThreads alone_now(1);  // others do not write over what they left
      EXPECT_EQ(sender.step(gradient(one.n, 2)), clean.step(gradient(one.n, 2)))
          << one.text() << ", element " << bad;
    }
  });
}

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

// More rows than columns and fewer, blocks of summed rows that no part's start is a multiple of.
TEST(LinearSweep, GivesTheSameBitsOnSeveralThreads) {
  for (const Rows& shape : {Rows{1031, 397}, Rows{140'001, 3}, Rows{3, 140'001}}) {
    for (const std::string compressor : some_linear()) {
      expect_same_on_threads(linear_case(compressor, "ef14", shape, Commit::step));
    }
    for (const std::string rule : kRules) {
      expect_same_on_threads(linear_case("lowrank(rank=4)", rule, shape, Commit::inplace));
    }
  }
}

// What the failed step wrote beside its place must not come back, on whichever thread it was.
TEST(LinearSweep, LeavesNothingOfAStepWithANanOnSeveralThreads) {
  const WithThreads three(3);
  for (const std::string compressor :
       {"lowrank(rank=2)", "randomk(k=7)", "cast(bf16)", "acp(rank=2)", "arctopk(density=0.1)"}) {
    for (const std::string rule : kRules) {
      expect_nothing_left(linear_case(compressor, rule, {1031, 397}, Commit::step));
    }
  }
}

TEST(LinearSweep, LeavesNothingOfAStepWithANan) {
  for_each_case({301, 17}, [](const Case& one) {
    if (one.commit == Commit::step) expect_nothing_left(one);
  });
}

}  // namespace
}  // namespace pith::test
