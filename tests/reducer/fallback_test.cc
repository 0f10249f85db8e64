// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/variable.h"
#include "reducer/sick_model.h"
#include "support/usage_error.h"

// Units in danger travel with another compressor.
namespace pith::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kL2 = "onebit(scale=l2)";
// One level beside zero, drawn in proportion: of dense vectors its error is larger than they are.
constexpr const char* kTernary = "quantize(bits=2,range=max,clip=1000,bucket=4096)";

/// What all ranks hold alike, of rank 0.
SickRun alike(const std::vector<SickRun>& runs) {
  for (const SickRun& run : runs) {
    EXPECT_EQ(run.x, runs[0].x) << "replicas";
    EXPECT_EQ(run.statistics.units[0].compressor, runs[0].statistics.units[0].compressor);
    const auto& fallbacks = run.statistics.fallbacks;
    EXPECT_EQ(fallbacks.size(), runs[0].statistics.fallbacks.size());
    for (std::size_t i = 0; i < fallbacks.size(); ++i) {
      const FallbackStatistics& first = runs[0].statistics.fallbacks[i];
      EXPECT_EQ(fallbacks[i].unit, first.unit);
      EXPECT_EQ(fallbacks[i].compressor, first.compressor);
      EXPECT_EQ(fallbacks[i].why, first.why);
      EXPECT_EQ(fallbacks[i].since, first.since);
      EXPECT_EQ(fallbacks[i].until, first.until);
    }
  }
  return runs[0];
}

void make_dense(std::uint64_t step, int rank, std::vector<float>& g) {
  const auto& more = noise(step, rank);
  for (std::size_t i = 0; i < g.size(); ++i) g[i] += 1e-3f * more[i];
}

// The loss is 1 at the beginning, and never larger again if ranks fall back when they are warned.
TEST(Fallback, AMethodThatDivergesConvergesWithIt) {
  const auto run = [](const std::string& fallback) {
    return alike(run_sick(2, {.compressor = kTernary, .statistics_every = 4, .fallback = fallback},
                          2048, 300, 0.05));
  };
  const SickRun sick = run("");
  ASSERT_FALSE(sick.statistics.warnings.empty());
  EXPECT_EQ(sick.statistics.warnings[0].step, 6u) << "after 4 and 5";
  EXPECT_LT(sick.losses[6], 1);
  EXPECT_GT(sick.losses[60], 1e6);
  for (const char* fallback : {"none", "topk(density=0.5)"}) {
    const SickRun cured = run(fallback);
    EXPECT_LT(std::ranges::max(cured.losses), 1) << fallback;
    EXPECT_LT(cured.losses.back(), 1e-9) << fallback;
  }
}

// It does not diverge, but never comes to rest: what a step adds to 4,096 elements is as long as
// the residual.
TEST(Fallback, AnL2ScaledSignOnMostlyZeroGradientsConvergesWithIt) {
  const auto loss = [](const std::string& fallback) {
    return alike(run_sick(4, {.compressor = kL2, .fallback = fallback}, 4, 100)).losses.back();
  };
  EXPECT_GT(loss(""), 1e-3);
  EXPECT_LT(loss("topk(density=0.01)"), 1e-8);
}

TEST(Fallback, ItIsToldWhyAndSinceWhen) {
  const auto run = alike(run_sick(3, {.compressor = kL2, .fallback = "topk(k=8)"}, 1, 10));
  ASSERT_THAT(run.statistics.fallbacks, SizeIs(1));
  const FallbackStatistics& fallback = run.statistics.fallbacks[0];
  EXPECT_EQ(fallback.unit, "w");
  EXPECT_EQ(fallback.compressor, "onebit(scale=l2) over sharded");
  EXPECT_EQ(fallback.why, "no contraction on rank 0");
  EXPECT_EQ(fallback.since, 3u);
  EXPECT_EQ(fallback.until, 0u);
  EXPECT_EQ(run.statistics.units[0].compressor, "topk(k=8)");
}

TEST(Fallback, OneRankInDangerTakesAllAlong) {
  for (const char* fallback : {"none", ""}) {
    const auto runs = run_sick(4, {.compressor = kL2, .fallback = fallback}, 1, 6, 0.5,
                               [](std::uint64_t step, int rank, auto& g) {
                                 std::ranges::fill(g, 0.0f);
                                 g[5] = 1;
                                 if (rank != 2) g = noise(step, rank);
                               });
    for (std::size_t rank = 0; rank < 4; ++rank) {
      EXPECT_THAT(runs[rank].statistics.warnings, SizeIs(rank == 2 ? 1 : 0));
    }
    const auto run = alike(runs);
    if (std::string(fallback).empty()) continue;
    ASSERT_THAT(run.statistics.fallbacks, SizeIs(1));
    EXPECT_EQ(run.statistics.fallbacks[0].why, "no contraction on rank 2");
  }
}

TEST(Fallback, OtherUnitsStayWhatTheyAre) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = kL2, .fallback = "topk(k=8)"});
    reducer.add("dense", {64, 64});
    reducer.add("few", {64, 64}, ElementType::float64);
    for (std::uint64_t step = 0; step < 5; ++step) {
      auto dense = noise(step, communicator.rank());
      std::vector<double> few(4096);
      few[7] = 1;
      reducer.push("dense", std::span(dense));
      reducer.push("few", std::span(few));
      ASSERT_TRUE(reducer.wait().committed);
    }
    for (const UnitStatistics& unit : reducer.statistics().units) {
      EXPECT_EQ(unit.compressor, unit.name == "few" ? "topk(k=8)" : kL2);
    }
  });
}

// What waited goes along: with the first raw step all that was ever pushed has arrived.
TEST(Fallback, NothingIsLost) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = kL2, .fallback = "none"});
    reducer.add("w", {64, 64});
    std::vector<float> left(4096);
    for (std::uint64_t step = 0; step < 4; ++step) {
      std::vector<float> x(4096);
      x[9] = 1;
      left[9] += 1;
      reducer.push("w", std::span(x));
      reducer.wait();
      for (std::size_t i = 0; i < x.size(); ++i) left[i] -= x[i];
    }
    for (const float value : left) ASSERT_NEAR(value, 0, 1e-5);
  });
}

TEST(Fallback, HoldsUntilTheScheduleBringsAnotherCompressor) {
  const std::string schedule = std::string(kL2) + "@6,topk(k=16)@3," + kL2;
  const auto run = alike(run_sick(
      2, {.compressor = schedule, .statistics_every = 1, .fallback = "none"}, 1, 14, 0.02));
  const auto& fallbacks = run.statistics.fallbacks;
  ASSERT_THAT(fallbacks, SizeIs(2));
  EXPECT_EQ(fallbacks[0].since, 3u);
  EXPECT_EQ(fallbacks[0].until, 6u);
  EXPECT_EQ(fallbacks[1].since, 12u);
  EXPECT_EQ(fallbacks[1].until, 0u);
}

TEST(Fallback, WorksWherePoliciesAndTimesChoose) {
  const std::string rest = std::string(kL2) + ",topk(k=4)";
  const std::string policy = ",policy=uniform,every=20,steps=5)";
  for (const std::string& compressor :
       {"adaptive(" + rest + policy, "auto(" + std::string(kL2) + ")"}) {
    ReducerOptions options{
        .compressor = compressor, .statistics_every = 1, .fallback = "topk(k=8)"};
    const bool times = compressor.starts_with("auto");
    const auto run = alike(run_sick(2, options, 1, times ? 12 : 45, 0.02));
    if (run.statistics.fallbacks.empty() && times) continue;  // raw was faster
    ASSERT_THAT(run.statistics.fallbacks, SizeIs(1)) << compressor;
    EXPECT_EQ(run.statistics.units[0].compressor, "topk(k=8)") << compressor;
  }
}

TEST(Fallback, WorksWithNodesOverlapAndInPlace) {
  const ReducerOptions options{.compressor = kL2, .node = "shared", .fallback = "topk(k=8)"};
  const LocalOptions two_nodes{.ranks_per_node = 2};
  const auto run = alike(run_sick(4, options, 4, 100, 0.5, {}, two_nodes));
  ASSERT_THAT(run.statistics.fallbacks, SizeIs(1));
  EXPECT_LT(run.losses.back(), 1e-8);

  const ReducerOptions plain{.compressor = kL2, .fallback = "topk(k=8)"};
  const auto waits = alike(run_sick(2, plain, 4, 30));
  const auto overlaps = alike(run_sick(2, plain, 4, 30, 0.5, {}, {}, true));
  EXPECT_THAT(overlaps.statistics.fallbacks, SizeIs(1));
  EXPECT_EQ(overlaps.x, waits.x);
  const ReducerOptions in_place{
      .compressor = kL2, .commit = Commit::inplace, .fallback = "topk(k=8)"};
  EXPECT_EQ(alike(run_sick(2, in_place, 4, 30)).x, waits.x);
}

TEST(Fallback, HealthyUnitsNeverTakeIt) {
  const auto run = alike(
      run_sick(2, {.compressor = "topk(density=0.01)", .statistics_every = 1, .fallback = "none"},
               64, 100, 0.05, make_dense));
  EXPECT_THAT(run.statistics.fallbacks, IsEmpty());
  EXPECT_THAT(run.statistics.warnings, IsEmpty());
}

TEST(Fallback, StepsThatDoNotCountDoNotBringIt) {
  const auto run = alike(run_sick(2, {.compressor = kL2, .fallback = "topk(k=8)"}, 1, 8, 0.5,
                                  [](std::uint64_t step, int rank, auto& g) {
                                    if (step % 2 == 0 && rank == 1) {
                                      g[0] = std::numeric_limits<float>::infinity();
                                    }
                                  }));
  ASSERT_THAT(run.statistics.fallbacks, SizeIs(1));
  EXPECT_EQ(run.statistics.fallbacks[0].since, 3u) << "behind three steps that counted";
}

// A byte per unit to the one other rank, in measured steps only.
TEST(Fallback, CostsAByteForEveryUnitInMeasuredSteps) {
  const auto bytes = [](const std::string& fallback) {
    const auto runs = run_sick(
        2, {.compressor = "topk(k=40)", .statistics_every = 10, .fallback = fallback}, 40, 30);
    return runs[0].statistics.wire_bytes;
  };
  EXPECT_EQ(bytes("none"), bytes("") + 3);
}

/// What every rank is told.
std::string error_of(const ReducerOptions& options) {
  return usage_error_of(2, [&](Communicator& communicator) {
    Reducer reducer(communicator, options);
    reducer.add("w", {64, 64});
    std::vector<float> x(4096, 1.0f);
    reducer.push("w", std::span(x));
    reducer.wait();
  });
}

TEST(Fallback, WrongOnesAreRefusedOnEveryRank) {
  EXPECT_THAT(error_of({.fallback = "topq(k=1)"}), HasSubstr("fallback=topq(k=1): "));
  EXPECT_THAT(error_of({.fallback = "topk(k=1)@5,none"}), HasSubstr("fallback=topk(k=1)@5,none: "));
  EXPECT_THAT(error_of({.fallback = "auto(onebit)"}), HasSubstr("fallback=auto(onebit): "));
  EXPECT_THAT(error_of({.fallback = "adaptive(topk(k=1))"}), HasSubstr("fallback=adaptive"));
  EXPECT_THAT(error_of({.fallback = "topk(densty=1)"}), HasSubstr("densty"));
  EXPECT_THAT(error_of({.compressor = "topk(k=4)", .exchange = "sparse", .fallback = "onebit"}),
              HasSubstr("fallback=onebit: onebit over the sparse exchange"));
  EXPECT_THAT(error_of({.compressor = "onebit", .statistics_every = 0, .fallback = "none"}),
              HasSubstr("fallback=none: needs statistics_every"));
  EXPECT_THAT(error_of({.compressor = "onebit", .fallback = "permk(ranks=3)"}), HasSubstr("permk"));
  EXPECT_THAT(
      error_of({.compressor = "onebit", .fallback = "quantize(bits=2,range=qsgd,bucket=4096)"}),
      HasSubstr("would diverge"));
}

TEST(Fallback, RanksWithOtherOnesAreRefused) {
  const auto error = [](const std::string& fallback, std::uint64_t every) {
    return usage_error_of(2, [&](Communicator& communicator) {
      const bool first = communicator.rank() == 0;
      Reducer reducer(communicator, {.compressor = "onebit",
                                     .statistics_every = first ? 100 : every,
                                     .fallback = first ? "none" : fallback});
      reducer.add("w", {64, 64});
      std::vector<float> x(4096, 1.0f);
      reducer.push("w", std::span(x));
      reducer.wait();
    });
  };
  EXPECT_THAT(error("topk(k=4)", 100), HasSubstr("the ranks registered different things"));
  EXPECT_THAT(error("none", 50), HasSubstr("the ranks registered different things"));
  EXPECT_THAT(error("none", 0), HasSubstr("needs statistics_every"));
}

TEST(Fallback, TheEnvironmentBeatsTheCode) {
  const Variable variable("PITH_FALLBACK", "topk(k=8)");
  const auto run = alike(run_sick(2, {.compressor = kL2, .fallback = "none"}, 1, 5));
  EXPECT_EQ(run.statistics.units[0].compressor, "topk(k=8)");
}

}  // namespace
}  // namespace pith::test
