// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/core/log.h>
#include <pith/core/vector.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/health.h>

#include "reducer/sick_model.h"

// What measured steps say of units, and when it is worth a warning.
namespace pith::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kL2 = "onebit(scale=l2)";

/// [HEALTH] lines while it lives: "WARN ..." or "INFO ...".
class HealthLines {
 public:
  HealthLines() {
    set_log_level(LogLevel::info);
    before_ = set_log_sink([this](LogLevel level, std::string_view of, std::string_view line) {
      if (of != "HEALTH") return;
      lines_.push_back((level == LogLevel::warn ? "WARN " : "INFO ") + std::string(line));
    });
  }
  ~HealthLines() {
    set_log_sink(before_);
    set_log_level(LogLevel::warn);
  }

  std::vector<std::string> warnings() const {
    std::vector<std::string> all;
    for (const auto& line : lines_) {
      if (line.starts_with("WARN")) all.push_back(line);
    }
    return all;
  }

 private:
  LogSink before_;
  std::vector<std::string> lines_;
};

double norm(std::span<const float> x) { return std::sqrt(squared_norm(x)); }

// A measured step with these numbers.
UnitCost measured(double contraction, double gradient, double residual) {
  UnitCost cost;
  cost.relative_error = std::sqrt(1 - contraction);
  cost.gradient_norm = gradient;
  cost.residual_norm = residual;
  return cost;
}

TEST(UnitHealth, ThreeExpandingStepsInARowAreADanger) {
  UnitHealth health;
  const auto learn = [&](double contraction) {
    return health.learn(measured(contraction, 1, 1), false, true);
  };
  EXPECT_FALSE(learn(-0.1));
  EXPECT_TRUE(health.suspected());
  EXPECT_FALSE(learn(-0.1));
  EXPECT_FALSE(learn(0)) << "nothing was sent";
  EXPECT_FALSE(health.suspected());
  EXPECT_FALSE(learn(-0.1));
  EXPECT_FALSE(learn(-0.1));
  EXPECT_EQ(learn(-0.1), Danger::no_contraction);
  EXPECT_FALSE(health.suspected()) << "it is certain";
}

TEST(UnitHealth, WhoPromisesABoundIsNotJudgedByOneDraw) {
  UnitHealth health;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(health.learn(measured(-0.1, 1, 1), true, true));
}

// The step in which residuals 1, f, f^2, ... of gradients of this length are a danger; or -1.
int danger_of_growth(double factor, double gradient_factor = 1, double first = 2) {
  UnitHealth health;
  double residual = first, gradient = 1;
  for (int i = 0; i < 20; ++i) {
    if (health.learn(measured(0.5, gradient, residual), true, true)) return i;
    residual *= factor;
    gradient *= gradient_factor;
  }
  return -1;
}

TEST(UnitHealth, FourDoublingsInARowAreADanger) {
  EXPECT_EQ(danger_of_growth(2.01), 4);
  EXPECT_EQ(danger_of_growth(1.99), -1);
  EXPECT_EQ(danger_of_growth(2.5, 2.5), -1) << "gradients grow as well";
  EXPECT_EQ(danger_of_growth(1, 0.1), -1) << "only gradients shrink";
  EXPECT_EQ(danger_of_growth(2.01, 1, 0.02), 6) << "not before it is longer than the gradient";
}

// Measured every so many steps, what piles up as k, or with momentum k^2, is never a danger.
TEST(UnitHealth, WhatPilesUpEvenlyIsNone) {
  for (const int every : {1, 2, 10, 100, 1000}) {
    for (const int power : {1, 2}) {
      UnitHealth health;
      for (int k = 1; k < 100'000; k += every) {
        EXPECT_FALSE(health.learn(measured(0.001, 1, std::pow(k, power)), true, true));
      }
    }
  }
}

TEST(Health, ContractionIsWhatIsTakenOfTheSquaredNorm) {
  const auto runs = run_sick(2, {.compressor = "topk(k=1)", .statistics_every = 1}, 2, 1);
  // Of (1, 2) the 2 is sent.
  const UnitStatistics& unit = runs[1].statistics.units[0];
  EXPECT_NEAR(unit.contraction.value(), 4.0 / 5, 1e-6);
  EXPECT_NEAR(*unit.contraction, 1 - unit.relative_error * unit.relative_error, 1e-12);
  EXPECT_NEAR(unit.gradient_norm, std::sqrt(5.0), 1e-6);
  EXPECT_NEAR(unit.residual_norm, 1, 1e-6);
}

TEST(Health, WhatIsNotMeasuredSaysSo) {
  const auto runs = run_sick(2, {.compressor = kL2, .statistics_every = 0}, 1, 5);
  const UnitStatistics& unit = runs[0].statistics.units[0];
  EXPECT_FALSE(unit.contraction);
  EXPECT_LT(unit.gradient_norm, 0);
  EXPECT_LT(unit.residual_norm, 0);
  EXPECT_THAT(runs[0].statistics.warnings, IsEmpty());
}

// Of rules with a residual it is that; of those that follow the gradient, how far they are behind.
TEST(Health, TheResidualIsWhatTheRuleKeeps) {
  for (const std::string rule : {"ef14", "dgc", "econtrol", "d_ec", "ef21"}) {
    run_local(2, [&](Communicator& communicator) {
      Reducer reducer(
          communicator,
          {.compressor = "topk(density=0.01)", .feedback = rule, .statistics_every = 1});
      reducer.add("w", {64, 64});
      for (std::uint64_t step = 0; step < 5; ++step) {
        auto x = noise(step, communicator.rank());
        const double gradient = norm(x);
        std::vector<float> left = x;
        for (float& value : x) value *= 1024;
        reducer.push("w", std::span(x));
        reducer.wait({.loss_scale = 1024});
        for (const auto& state : reducer.states<float>()) {
          const bool residual = state.name == "w/residual" || state.name == "w/error";
          EXPECT_EQ(state.unsent, residual);
          if (residual) left.assign(state.values.begin(), state.values.end());
          if (rule != "ef21" || state.name != "w/own") continue;
          for (std::size_t i = 0; i < left.size(); ++i) left[i] = 1024 * left[i] - state.values[i];
        }
        const UnitStatistics unit = reducer.statistics().units[0];
        EXPECT_NEAR(unit.gradient_norm, gradient, 1e-4);
        EXPECT_NEAR(unit.residual_norm, norm(left) / 1024, 1e-3) << rule;
      }
    });
  }
}

// With 4 elements of 4,096 that are not zero, the first message alone doubles the squared norm. It
// is said in step 2, when the residual is shorter than 5 gradients; at its longest, it is over 20.
TEST(Health, AnL2ScaledSignOnMostlyZeroGradientsIsWarnedOf) {
  HealthLines lines;
  const auto early = run_sick(2, {.compressor = kL2}, 4, 3);
  for (const SickRun& run : early) {
    ASSERT_THAT(run.statistics.warnings, SizeIs(1));
    const HealthWarning& warning = run.statistics.warnings[0];
    EXPECT_EQ(warning.unit, "w");
    EXPECT_EQ(warning.cause, "no contraction");
    EXPECT_EQ(warning.step, 2u);
    EXPECT_LT(warning.value, 0);
    const UnitStatistics& unit = run.statistics.units[0];
    EXPECT_EQ(*unit.contraction, warning.value);
    EXPECT_LT(unit.residual_norm, 5 * unit.gradient_norm);
  }
  ASSERT_THAT(lines.warnings(), SizeIs(1)) << "on rank 0 only";
  EXPECT_THAT(lines.warnings()[0], HasSubstr("w: no contraction in step 2 on rank 0"));
  EXPECT_THAT(lines.warnings()[0], HasSubstr("onebit(scale=l2) over sharded"));
  EXPECT_THAT(lines.warnings()[0], HasSubstr("fallback"));
}

// ||x - C(x)||^2 = 2 ||x||^2 (1 - ||x||_1 / (sqrt(n) ||x||)), for x = (1, 2, 3, 4, 0, ...).
TEST(Health, AnL2ScaledSignExpandsByAsMuchAsItsFormulaSays) {
  const auto runs = run_sick(2, {.compressor = kL2}, 4, 1);
  const double left = 2 * (1 - 10 / (64 * std::sqrt(30.0)));
  EXPECT_NEAR(*runs[0].statistics.units[0].contraction, 1 - left, 1e-5);
}

TEST(Health, AWarningComesOnce) {
  HealthLines lines;
  const auto runs = run_sick(2, {.compressor = kL2, .statistics_every = 1}, 1, 40, 0.02);
  EXPECT_THAT(runs[0].statistics.warnings, SizeIs(1));
  EXPECT_THAT(lines.warnings(), SizeIs(1));
}

// An eta of 1 is 100 times the contraction.
TEST(Health, AResidualThatGrowsIsWarnedOf) {
  const auto grows = [](const std::string& rule) {
    const auto runs = run_sick(
        2, {.compressor = "topk(density=0.01)", .feedback = rule, .statistics_every = 30}, 1, 900,
        0.01, [](std::uint64_t step, int rank, auto& g) { g = noise(step, rank); });
    return runs[0].statistics.warnings;
  };
  const auto warnings = grows("econtrol(eta=1)");
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_EQ(warnings[0].cause, "growing residual");
  EXPECT_EQ(warnings[0].step, 120u);
  EXPECT_THAT(grows("econtrol"), IsEmpty());
}

// Twice two doublings are a danger of one compressor, and none of two.
TEST(Health, AnotherCompressorBeginsWithACleanRecord) {
  std::vector<UnitPlan> parts(1);
  parts[0].name = "w";
  parts[0].shape = {64, 64};
  parts[0].elements = parts[0].shape.elements();
  const auto warnings = [&](const char* first, const char* second) {
    Health health(1, parts, 1);
    double residual = 1;
    for (std::uint64_t step = 0; step < 6; ++step) {
      const Pipeline pipeline = parse_pipeline(step < 3 ? first : second);
      const Choice choice{pipeline, CompressorKind::message, Exchange::gather};
      health.learn(step, 0, choice, measured(0.1, 1, residual *= 3));
    }
    return health.warnings();
  };
  EXPECT_THAT(warnings("topk(k=40)", "topk(k=40)"), SizeIs(1));
  EXPECT_THAT(warnings("topk(k=40)", "topk(k=4)"), IsEmpty());
}

// Top-k of 0.1 %, until what waits has come to its length, and beyond.
TEST(Health, AResidualThatComesToItsLengthIsNotWarnedOf) {
  for (const std::uint64_t every : {1u, 100u}) {
    const auto runs = run_sick(2, {.compressor = "topk(density=0.001)", .statistics_every = every},
                               1, 3000, 0, [](std::uint64_t step, int rank, auto& g) {
                                 g = noise(step, rank);
                                 for (std::size_t i = 0; i < g.size(); ++i)
                                   g[i] += i % 2 == 0 ? 1.0f : -1.0f;
                               });
    const UnitStatistics& unit = runs[0].statistics.units[0];
    EXPECT_GT(unit.residual_norm, 100 * unit.gradient_norm);
    EXPECT_LT(unit.residual_norm, 1000 * unit.gradient_norm) << "1 / contraction";
    EXPECT_THAT(runs[0].statistics.warnings, IsEmpty());
  }
}

// Gradients that shrink while what waits is sent.
TEST(Health, EveryRuleTrainsWithoutAWarning) {
  HealthLines lines;
  for (const FeedbackEntry& rule : feedback_rules()) {
    for (const std::string compressor :
         {"topk(density=0.01)", "onebit", "lowrank(rank=2)", "threshold(value=0.5)"}) {
      const auto runs = run_sick(
          2, {.compressor = compressor, .feedback = std::string(rule.name), .statistics_every = 1},
          64, 150, 0.02, [](std::uint64_t step, int rank, auto& g) {
            const auto& more = noise(step, rank);
            for (std::size_t i = 0; i < g.size(); ++i) g[i] += 0.1f * more[i];
          });
      EXPECT_THAT(runs[0].statistics.warnings, IsEmpty()) << rule.name << ' ' << compressor;
    }
  }
  EXPECT_THAT(lines.warnings(), IsEmpty());
}

// The second of three measured steps is one of NaN: it counts nowhere, and is measured again.
TEST(Health, StepsThatDoNotCountSayNothing) {
  const auto runs =
      run_sick(2, {.compressor = kL2}, 1, 4, 0.5, [](std::uint64_t step, int rank, auto& g) {
        if (step != 1 || rank != 1) return;
        g[7] = std::numeric_limits<float>::quiet_NaN();
      });
  EXPECT_EQ(runs[0].statistics.skipped_steps, 1u);
  ASSERT_THAT(runs[0].statistics.warnings, SizeIs(1));
  EXPECT_EQ(runs[0].statistics.warnings[0].step, 2u) << "the fourth that was tried";
}

TEST(Health, UnitsThatSkipSayNothing) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = kL2});
    for (const char* name : {"here", "away"}) reducer.add(name, {64, 64});
    for (std::uint64_t step = 0; step < 6; ++step) {
      std::vector<float> here(4096), away(4096);
      here[3] = away[3] = 1;
      reducer.push("here", std::span(here));
      const bool absent = communicator.rank() == 0 || step != 0;
      absent ? reducer.skip("away", std::span(away)) : reducer.push("away", std::span(away));
      ASSERT_TRUE(reducer.wait().committed);
    }
    const Statistics statistics = reducer.statistics();
    ASSERT_THAT(statistics.warnings, SizeIs(1));
    EXPECT_EQ(statistics.warnings[0].unit, "here");
    for (const UnitStatistics& unit : statistics.units) {
      const bool never = unit.name == "away" && communicator.rank() == 0;
      EXPECT_EQ(unit.contraction.has_value(), !never);
    }
  });
}

}  // namespace
}  // namespace pith::test
