// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/random.h>
#include <pith/reducer/reducer.h>

// adaptive(...) with everything else that a reducer may be told.
namespace pith::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::SizeIs;

constexpr std::size_t kElements = 2400;
constexpr int kRanks = 4;
const std::string kAdaptive = "adaptive(topk(density=0.05),every=8,steps=2,one_in=1";

template <Element T>
std::vector<T> gradient(std::uint64_t tensor, std::uint64_t step, int rank) {
  const Random random(
      {.seed = 9, .tensor = tensor, .step = step, .rank = static_cast<std::uint32_t>(rank)});
  std::vector<T> x(kElements);
  const double scale = tensor == 0 ? 1 : 0.1;
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(scale * random.normal(i));
  return x;
}

/// What rank 0 knows after so many steps with a float and a double matrix. All ranks must know as
/// much, and hold the same.
Statistics train(const ReducerOptions& options, std::uint64_t steps,
                 const LocalOptions& local = {}) {
  std::vector<Statistics> all(kRanks);
  std::vector<std::vector<float>> last(kRanks);
  run_local(
      kRanks,
      [&](Communicator& communicator) {
        Reducer reducer(communicator, options);
        reducer.add("a", {40, kElements / 40});
        reducer.add("b", {40, kElements / 40}, ElementType::float64);
        for (std::uint64_t step = 0; step < steps; ++step) {
          auto a = gradient<float>(0, step, communicator.rank());
          auto b = gradient<double>(1, step, communicator.rank());
          reducer.push("b", std::span(b));
          reducer.push("a", std::span(a));
          EXPECT_TRUE(reducer.wait().committed);
          last[static_cast<std::size_t>(communicator.rank())] = a;
        }
        all[static_cast<std::size_t>(communicator.rank())] = reducer.statistics();
      },
      local);
  EXPECT_THAT(last, Each(last[0]));
  for (const Statistics& statistics : all) {
    EXPECT_EQ(statistics.adaptive.size(), all[0].adaptive.size());
    for (std::size_t g = 0; g < all[0].adaptive.size(); ++g) {
      EXPECT_EQ(statistics.adaptive[g].decisions.size(), all[0].adaptive[g].decisions.size());
      EXPECT_EQ(statistics.adaptive[g].decisions.back().compressors,
                all[0].adaptive[g].decisions.back().compressors);
    }
  }
  return all[0];
}

TEST(Adaptive, FloatsAndDoublesShareABudget) {
  const auto adaptive = train({.compressor = kAdaptive + ")"}, 9).adaptive;
  ASSERT_THAT(adaptive, SizeIs(1));
  EXPECT_THAT(adaptive[0].units, ElementsAre("b", "a"));
  // The larger gradient has most of the error, so it is sent more of.
  EXPECT_NE(adaptive[0].decisions[0].compressors[0], adaptive[0].decisions[0].compressors[1]);
}

TEST(Adaptive, NodesChooseForTheirParts) {
  const auto adaptive =
      train({.compressor = kAdaptive + ")", .node = "shared"}, 9, {.ranks_per_node = 2}).adaptive;
  ASSERT_THAT(adaptive, SizeIs(1));
  EXPECT_THAT(adaptive[0].decisions, SizeIs(2));
  EXPECT_THAT(adaptive[0].units, ElementsAre("b", "a")) << "not their parts";
}

// Bytes within nodes are not the link's, which two nodes use as two ranks do.
TEST(Adaptive, KimadCountsWhatNodesSendEachOther) {
  const auto adaptive =
      train({.compressor = kAdaptive + ",policy=kimad(seconds=0.01))", .node = "shared"}, 9,
            {.link = Link{.bytes_per_second = 1e6, .burst_bytes = 0}, .ranks_per_node = 2})
          .adaptive;
  EXPECT_TRUE(adaptive[0].decisions[1].within_budget);
  EXPECT_LE(adaptive[0].decisions[1].cost, 10'000u);
}

// The loss scale doubles in the middle of what is measured.
TEST(Adaptive, TheLossScaleCountsNothing) {
  const auto decided = [](double second) {
    AdaptiveDecision decision;
    run_local(1, [&](Communicator& communicator) {
      Reducer reducer(communicator, {.compressor = kAdaptive + ")"});
      for (const char* name : {"a", "b"}) reducer.add(name, {40, kElements / 40});
      for (std::uint64_t step = 0; step < 2; ++step) {
        const double scale = step == 0 ? 1 : second;
        auto a = gradient<float>(0, step, 0);
        auto b = gradient<float>(1, step, 0);
        for (float& x : a) x *= static_cast<float>(scale);
        for (float& x : b) x *= static_cast<float>(scale);
        reducer.push("b", std::span(b));
        reducer.push("a", std::span(a));
        reducer.wait({.loss_scale = scale});
      }
      decision = reducer.statistics().adaptive[0].decisions.at(0);
    });
    return decision;
  };
  EXPECT_EQ(decided(1024).compressors, decided(1).compressors);
  EXPECT_NEAR(decided(1024).error, decided(1).error, 1e-9 * decided(1).error);
}

// What a later entry of a schedule asks for is known to be possible before the first step; what
// ended is still told.
TEST(Adaptive, PoliciesOfAllEntriesAreMadeBeforeTheFirstStep) {
  EXPECT_THROW(train({.compressor = "onebit@5," + kAdaptive + ",policy=lgrecc)"}, 1), UsageError);
  const auto adaptive =
      train({.compressor = kAdaptive + ")@4," + kAdaptive + ",policy=uniform)"}, 9).adaptive;
  ASSERT_THAT(adaptive, SizeIs(2));
  EXPECT_EQ(adaptive[0].policy, "lgreco");
  EXPECT_EQ(adaptive[1].policy, "uniform");
  EXPECT_THAT(adaptive[0].decisions, SizeIs(1));
}

// Four bits of the standard's range would add more noise than ef14 bears; five do not.
TEST(Adaptive, CandidatesThatTheRuleDoesNotBearAreLeftOut) {
  const auto adaptive = train({.compressor = "adaptive(quantize(bits=5,range=max),every=8,steps=2,"
                                             "policy=uniform(cheapest))"},
                              3)
                            .adaptive;
  EXPECT_THAT(adaptive[0].decisions[0].compressors, Each("quantize(bits=5,range=max)"));
}

TEST(Adaptive, AUnitMayBeTheWholeModel) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = kAdaptive + ")", .unit = CompressedUnit::model});
    for (const char* name : {"a", "b"}) reducer.add(name, {40, kElements / 40});
    for (std::uint64_t step = 0; step < 3; ++step) {
      auto a = gradient<float>(0, step, communicator.rank());
      auto b = gradient<float>(1, step, communicator.rank());
      reducer.push("b", std::span(b));
      reducer.push("a", std::span(a));
      reducer.wait();
    }
    const Statistics statistics = reducer.statistics();
    ASSERT_THAT(statistics.adaptive, SizeIs(1));
    EXPECT_THAT(statistics.adaptive[0].units, ElementsAre("model"));
    EXPECT_THAT(statistics.adaptive[0].decisions, SizeIs(1));
  });
}

TEST(Adaptive, EachRuleMayHaveAPolicyOfItsOwn) {
  const auto adaptive =
      train(
          {.compressor = kAdaptive + ")",
           .rules = {{.pattern = "b",
                      .compressor = "adaptive(onebit,none,every=3,steps=1,policy=uniform(none))"}}},
          9)
          .adaptive;
  ASSERT_THAT(adaptive, SizeIs(2));
  EXPECT_EQ(adaptive[0].policy == "uniform(none)" ? adaptive[0].decisions.size()
                                                  : adaptive[1].decisions.size(),
            4u)
      << "at 1, 3, 6 and 9";
}

TEST(Adaptive, ChoosesBesideUnitsWhoseWaysAreMeasured) {
  const auto statistics = train(
      {.compressor = "auto(topk(density=0.05))",
       .rules = {{.pattern = "b",
                  .compressor = "adaptive(onebit,none,every=3,steps=1,policy=uniform(none))"}}},
      4);
  for (const UnitStatistics& unit : statistics.units) {
    EXPECT_TRUE(unit.name != "b" || unit.compressor == "none") << unit.compressor;
  }
}

// Candidates may differ from unit to unit; the budget is one.
TEST(Adaptive, UnitsMayHaveFamiliesOfTheirOwn) {
  const std::string rest = ",every=8,steps=2,one_in=1)";
  const auto adaptive =
      train({.compressor = kAdaptive + ")",
             .rules = {{.pattern = "b", .compressor = "adaptive(quantize(bits=4),none" + rest}}},
            9)
          .adaptive;
  ASSERT_THAT(adaptive, SizeIs(1));
  EXPECT_THAT(adaptive[0].units, ElementsAre("b", "a"));
}

TEST(Adaptive, StepsCountFromWhereTheScheduleBringsIt) {
  const auto adaptive = train({.compressor = "onebit@5," + kAdaptive + ")"}, 15).adaptive;
  ASSERT_THAT(adaptive, SizeIs(1));
  std::vector<std::uint64_t> steps;
  for (const auto& decision : adaptive[0].decisions) steps.push_back(decision.step);
  EXPECT_THAT(steps, ElementsAre(7, 13));
  EXPECT_THAT(
      train({.compressor = kAdaptive + ")", .start_step = 4}, 7).adaptive[0].decisions[0].step, 6u);
}

// States are those of the next step, behind the choice of the cheaper rank.
TEST(Adaptive, ALowRankFactorStaysWarm) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator,
                    {.compressor = "adaptive(lowrank(rank=3),lowrank(rank=2),every=9,steps=2,"
                                   "policy=uniform(cheapest))"});
    reducer.add("w", {40, kElements / 40});
    const auto q = [&] {
      for (const auto& state : reducer.states<float>()) {
        if (state.name == "w/q") return std::vector(state.values.begin(), state.values.end());
      }
      return std::vector<float>();
    };
    std::vector<float> before;
    for (std::uint64_t step = 0; step < 2; ++step) {
      before = q();
      auto x = gradient<float>(0, 0, communicator.rank());
      reducer.push("w", std::span(x));
      reducer.wait();
    }
    const auto after = q();
    ASSERT_EQ(before.size(), 3 * kElements / 40);
    ASSERT_EQ(after.size(), 2 * kElements / 40);
    EXPECT_GT(std::ranges::count_if(after, [](float x) { return x != 0; }), 100);
  });
}

// 1 MB/s for 10 ms a step are 10,000 bytes; what is measured is less, as ranks wait for each other.
TEST(Adaptive, KimadFollowsTheLink) {
  const auto most = [](double bytes_per_second) {
    const auto adaptive =
        train({.compressor = kAdaptive + ",policy=kimad(seconds=0.01))"}, 9,
              {.link = Link{.bytes_per_second = bytes_per_second, .burst_bytes = 0}})
            .adaptive;
    EXPECT_TRUE(adaptive[0].decisions[1].within_budget);
    return adaptive[0].decisions[1].cost;
  };
  const auto slow = most(1e6);
  const auto fast = most(4e6);
  EXPECT_LE(slow, 10'000u);
  EXPECT_LE(fast, 40'000u);
  EXPECT_GT(fast, slow);
}

TEST(Adaptive, TimeMayBeSavedInsteadOfBytes) {
  const auto adaptive = train({.compressor = kAdaptive + ",objective=time)"}, 9,
                              {.link = Link{.bytes_per_second = 1e6, .burst_bytes = 0}})
                            .adaptive;
  ASSERT_THAT(adaptive, SizeIs(1));
  const auto& decision = adaptive[0].decisions[0];
  EXPECT_TRUE(decision.within_budget);
  // 240 entries of 8 bytes, to three others, at a byte per microsecond; in nanoseconds.
  EXPECT_GT(decision.cost, 100'000u);
  EXPECT_LT(decision.cost, 100'000'000u);
}

}  // namespace
}  // namespace pith::test
