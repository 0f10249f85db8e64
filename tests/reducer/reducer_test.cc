// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/reducer/reducer.h>

#include "support/exchange/trajectory.h"

namespace pith::test {
namespace {

// Four ranks, so that means of small integers are exact.
constexpr int kRanks = 4;

TEST(Reducer, WithoutACompressorGivesTheExactMeanOfEveryTensorInAnyOrder) {
  run_local(kRanks, [](Communicator& communicator) {
    Reducer reducer(communicator);
    reducer.add("a", {3, 2});
    reducer.add("b", {5}, ElementType::float64);
    const auto rank = static_cast<float>(communicator.rank());
    std::vector<float> a(6, rank);
    std::vector<double> b(5, 2.0 * rank);
    if (communicator.rank() % 2 == 0) {
      reducer.push("a", std::span(a));
      reducer.push("b", std::span(b));
    } else {
      reducer.push("b", std::span(b));
      reducer.push("a", std::span(a));
    }
    EXPECT_TRUE(reducer.wait().committed);
    EXPECT_EQ(a, std::vector<float>(6, 1.5f));
    EXPECT_EQ(b, std::vector<double>(5, 3.0));
  });
}

TEST(Reducer, ConvertsSixteenBitGradientsAtItsEdge) {
  run_local(kRanks, [](Communicator& communicator) {
    Reducer reducer(communicator);
    reducer.add("half", {4}, ElementType::float16);
    reducer.add("bfloat", {4}, ElementType::bfloat16);
    const auto value = static_cast<float>(communicator.rank() * 2);
    std::vector<Half> half(4, to_half(value));
    std::vector<BFloat16> bfloat(4, to_bfloat16(value));
    reducer.push("half", std::span(half));
    reducer.push("bfloat", std::span(bfloat));
    reducer.wait();
    EXPECT_EQ(half, std::vector<Half>(4, to_half(3.0f)));
    EXPECT_EQ(bfloat, std::vector<BFloat16>(4, to_bfloat16(3.0f)));
  });
}

TEST(Reducer, BroadcastGivesEveryRankTheParametersOfRankZero) {
  struct Parameter {
    std::string name;
    std::vector<float> values;
  };
  run_local(3, [](Communicator& communicator) {
    Reducer reducer(communicator);
    reducer.add("w", {2, 2});
    std::vector<Parameter> parameters{
        {"w", std::vector<float>(4, static_cast<float>(communicator.rank() + 1))}};
    reducer.broadcast(parameters);
    EXPECT_EQ(parameters[0].values, std::vector<float>(4, 1.0f));
  });
}

// A skipped tensor: the rank sends nothing and keeps its state, but receives the estimate.
TEST(Reducer, SkippingRanksReceiveTheEstimateAndKeepTheirState) {
  run_local(kRanks, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = "topk(k=2)", .unit = CompressedUnit::model});
    reducer.add("w", {4, 4});
    auto x = gradient<float>(16, 0, communicator.rank());
    step(reducer, x);
    const std::string before = state_bytes<float>(reducer);
    x = gradient<float>(16, 1, communicator.rank());
    const bool absent = communicator.rank() == 1;
    if (absent) {
      reducer.skip("w", std::span(x));
    } else {
      reducer.push("w", std::span(x));
    }
    EXPECT_TRUE(reducer.wait({.learning_rate = 0.1}).committed);
    EXPECT_TRUE(same_on_all_ranks(communicator, std::span<const float>(x)));
    EXPECT_EQ(state_bytes<float>(reducer) == before, absent);
  });
}

// Rank 0 stays away: three gradients of 4 sum to 12.
TEST(Reducer, TheCallerChoosesTheDivisorOfAPartialRound) {
  for (const char* const spec : {"none", "identity", "randomk(density=1)", "cast(fp16)"}) {
    run_local(kRanks, [spec](Communicator& communicator) {
      for (const auto& [divisor, mean] :
           {std::pair{Divisor::ranks, 3.0f}, std::pair{Divisor::participants, 4.0f}}) {
        TensorRule rule;
        rule.compressor = spec;
        Reducer reducer(communicator, {.feedback = "none", .divisor = divisor, .rules = {rule}});
        reducer.add("w", {4});
        std::vector<float> x(4, 4.0f);
        if (communicator.rank() == 0) {
          reducer.skip("w", std::span(x));
        } else {
          reducer.push("w", std::span(x));
        }
        reducer.wait();
        EXPECT_EQ(x, std::vector<float>(4, mean)) << spec;
      }
    });
  }
}

TEST(Reducer, IsDenseBeforeTheStartStepAndFollowsTheSchedule) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(
        communicator,
        {.compressor = "topk(k=8)@2,topk(k=1)", .unit = CompressedUnit::model, .start_step = 1});
    reducer.add("w", {4, 4});
    std::vector<std::string> used;
    for (std::uint64_t t = 0; t < 4; ++t) {
      auto x = gradient<float>(16, t, communicator.rank());
      step(reducer, x);
      used.push_back(reducer.statistics().units[0].compressor);
    }
    EXPECT_EQ(used, (std::vector<std::string>{"none", "topk(k=8)", "topk(k=1)", "topk(k=1)"}));
  });
}

// What comes last in a schedule does not decide about what comes before.
TEST(Reducer, CompressesUntilAScheduleEndsInNone) {
  const auto used = [](const char* compressor, std::size_t columns) {
    std::vector<std::string> out;
    run_local(1, [&](Communicator& communicator) {
      Reducer reducer(communicator, {.compressor = compressor, .min_bytes = 0});
      reducer.add("w", {4, columns});
      for (std::uint64_t t = 0; t < 3; ++t) {
        auto x = gradient<float>(4 * columns, t, 0);
        step(reducer, x);
        out.push_back(reducer.statistics().units[0].compressor);
      }
    });
    return out;
  };
  EXPECT_EQ(used("topk(k=1)@2,none", 4),
            (std::vector<std::string>{"topk(k=1)", "topk(k=1)", "none"}));
  EXPECT_EQ(used("lowrank(rank=1)@2,lowrank(rank=4)", 4),
            (std::vector<std::string>{"lowrank(rank=1)", "lowrank(rank=1)", "none"}));
}

// What top-2 keeps of the whole model is not what top-2 per tensor keeps.
TEST(Reducer, OneUnitForTheModelSelectsAcrossTensorsBiasesInside) {
  run_local(1, [](Communicator& communicator) {
    Reducer reducer(communicator,
                    {.compressor = "topk(k=2)", .feedback = "none", .unit = CompressedUnit::model});
    reducer.add("weight", {2, 2});
    reducer.add("bias", {2});
    std::vector<float> weight{1, 2, 3, 4};
    std::vector<float> bias{-9, 8};
    reducer.push("weight", std::span(weight));
    reducer.push("bias", std::span(bias));
    reducer.wait();
    EXPECT_EQ(weight, std::vector<float>(4, 0.0f));
    EXPECT_EQ(bias, (std::vector<float>{-9, 8}));
    EXPECT_EQ(reducer.statistics().units.size(), 1u);
    EXPECT_EQ(reducer.statistics().units[0].name, "model");
  });
}

TEST(Reducer, BucketUnitsCloseAtTheirLimitAndStatesAreNamedByTensor) {
  run_local(1, [](Communicator& communicator) {
    Reducer reducer(
        communicator,
        {.compressor = "topk(density=0.5)", .unit = CompressedUnit::bucket, .bucket_bytes = 32});
    for (const char* const name : {"a", "b", "c"}) reducer.add(name, {4});
    std::vector<float> x(4, 1.0f);
    for (const char* const name : {"a", "b", "c"}) reducer.push(name, std::span(x));
    reducer.wait();
    ASSERT_EQ(reducer.statistics().units.size(), 2u);
    EXPECT_EQ(reducer.statistics().units[0].tensors, (std::vector<std::string>{"c", "b"}));
    std::vector<std::string> names;
    for (const auto& state : reducer.states<float>()) {
      if (state.per_element) names.push_back(state.name);
    }
    EXPECT_EQ(names, (std::vector<std::string>{"c/residual", "b/residual", "a/residual"}));
  });
}

// So that a checkpoint can be put back before the first step.
TEST(Reducer, ShowsWhatOwnersKeepBeforeTheFirstStep) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = "onebit", .min_bytes = 0});
    reducer.add("w", {2, 4});
    const auto names = [&] {
      std::vector<std::string> all;
      for (const auto& state : reducer.states<float>()) all.push_back(state.name);
      return all;
    };
    const auto before = names();
    EXPECT_EQ(std::ranges::count(before, "w/owner_residual"), 1);
    std::vector<float> x(8, 1.0f);
    reducer.push("w", std::span(x));
    reducer.wait();
    EXPECT_EQ(names(), before);
  });
}

TEST(Reducer, FirstRuleThatMatchesNameSizeAndDimensionsHolds) {
  run_local(1, [](Communicator& communicator) {
    TensorRule embedding;
    embedding.pattern = "embed*";
    embedding.compressor = "onebit";
    TensorRule small;
    small.max_elements = 10;
    small.compressor = "none";
    TensorRule vectors;
    vectors.max_dimensions = 1;
    vectors.compressor = "quantize(bits=8)";
    Reducer reducer(communicator,
                    {.compressor = "topk(density=0.1)", .rules = {embedding, small, vectors}});
    reducer.add("embed.0", {4});
    reducer.add("small", {2, 2});
    reducer.add("vector", {64});
    reducer.add("matrix", {64, 64});
    std::map<std::string, std::vector<float>> x;
    for (const auto& [name, n] : {std::pair{"embed.0", 4}, std::pair{"small", 4},
                                  std::pair{"vector", 64}, std::pair{"matrix", 4096}}) {
      x[name].resize(static_cast<std::size_t>(n), 1.0f);
      reducer.push(name, std::span(x[name]));
    }
    reducer.wait();
    std::map<std::string, std::string> used;
    for (const auto& unit : reducer.statistics().units) used[unit.name] = unit.compressor;
    EXPECT_EQ(used["embed.0"], "onebit");
    EXPECT_EQ(used["small"], "none");
    EXPECT_EQ(used["vector"], "quantize(bits=8)");
    EXPECT_EQ(used["matrix"], "topk(density=0.1)");
  });
}

TEST(Reducer, SaysWhyATensorIsNotCompressed) {
  run_local(1, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = "lowrank(rank=4)"});
    reducer.add("bias", {5000});
    reducer.add("tiny", {2, 2});
    reducer.add("thin", {600, 2});
    reducer.add("matrix", {64, 64});
    std::map<std::string, std::vector<float>> x;
    for (const auto& [name, n] : {std::pair{"bias", 5000}, std::pair{"tiny", 4},
                                  std::pair{"thin", 1200}, std::pair{"matrix", 4096}}) {
      x[name].resize(static_cast<std::size_t>(n), 1.0f);
      reducer.push(name, std::span(x[name]));
    }
    reducer.wait();
    std::map<std::string, std::string> why;
    for (const auto& unit : reducer.statistics().units) why[unit.name] = unit.why_dense;
    EXPECT_EQ(why["bias"], "it has one dimension");
    EXPECT_EQ(why["tiny"], "it is smaller than min_bytes (4096)");
    EXPECT_EQ(why["thin"], "its factors would not be smaller");
    EXPECT_EQ(why["matrix"], "");
  });
}

TEST(Reducer, NonFinitePoliciesSkipPropagateAndFail) {
  const auto with = [](NonFinite policy, const auto& check) {
    run_local(2, [&](Communicator& communicator) {
      Reducer reducer(communicator, {.non_finite = policy});
      reducer.add("w", {2});
      std::vector<float> x{1,
                           communicator.rank() == 1 ? std::numeric_limits<float>::infinity() : 2};
      reducer.push("w", std::span(x));
      check(reducer, x);
    });
  };
  with(NonFinite::skip, [](Reducer& reducer, std::vector<float>& x) {
    const StepResult result = reducer.wait();
    EXPECT_FALSE(result.committed);
    EXPECT_EQ(
        result.reason,
        "rank 0: w: element 1 of the mean over the ranks is inf\nrank 1: w: element 1 is inf");
    EXPECT_EQ(x[0], 1.0f);
  });
  with(NonFinite::propagate, [](Reducer& reducer, std::vector<float>& x) {
    EXPECT_FALSE(reducer.wait().committed);
    EXPECT_TRUE(std::isnan(x[0]) && std::isnan(x[1]));
  });
  with(NonFinite::fail, [](Reducer& reducer, std::vector<float>&) {
    EXPECT_THROW(reducer.wait(), Error);
    EXPECT_EQ(reducer.statistics().skipped_steps, 1u);
  });
}

// Also where several tensors are one unit, and where finite gradients sum to an infinity.
TEST(Reducer, NamesTensorElementAndRankOfWhatIsNotFinite) {
  struct Way {
    const char* compressor;
    const char* exchange;
  };
  for (const Way way : {Way{"identity", "gather"}, Way{"identity", "sharded"},
                        Way{"topk(k=7)", "gather"}, Way{"topk(k=7)", "sharded"}}) {
    run_local(2, [way](Communicator& communicator) {
      Reducer reducer(
          communicator,
          {.compressor = way.compressor, .exchange = way.exchange, .unit = CompressedUnit::model});
      reducer.add("a", {3});
      reducer.add("b", {4});
      std::vector<float> a{1, 2, 3};
      std::vector<float> b{1, 2, 3, 4};
      const auto reason = [&] {
        reducer.push("a", std::span(a));
        reducer.push("b", std::span(b));
        return reducer.wait().reason;
      };
      if (communicator.rank() == 1) b[2] = -std::numeric_limits<float>::infinity();
      EXPECT_EQ(reason(), "rank 1: b: element 2 is -inf");
      b[2] = 3;
      a[1] = std::numeric_limits<float>::max();
      EXPECT_THAT(reason(), testing::ContainsRegex("a: element 1.* is inf"));
    });
  }
}

TEST(Reducer, WarnsOnceAboutRulesThatDoNotFit) {
  std::vector<std::string> lines;
  set_log_level(LogLevel::warn);
  const auto sink = set_log_sink(
      [&](LogLevel, std::string_view, std::string_view line) { lines.emplace_back(line); });
  const auto start = [](const ReducerOptions& options) {
    run_local(1, [&](Communicator& communicator) {
      Reducer reducer(communicator, options);
      reducer.add("w", {64, 64});
      reducer.add("v", {64, 64});
      std::vector<float> x(4096, 1.0f);
      reducer.push("w", std::span(x));
      reducer.push("v", std::span(x));
      reducer.wait();
    });
  };
  start({.compressor = "topk(density=0.1)", .feedback = "ef21"});
  start({.compressor = "topk(density=0.1)", .feedback = "ef21_sgdm", .optimizer_momentum = 0.9});
  start({.compressor = "topk(density=0.1)", .feedback = "econtrol(eta=0.2)"});
  start({.compressor = "topk(density=0.1)", .optimizer_momentum = 0.9});
  start({.compressor = "topk(density=0.1)", .min_bytes = 1'000'000});
  start({.compressor = "topk(density=0.1)"});
  set_log_sink(sink);
  ASSERT_EQ(lines.size(), 6u) << testing::PrintToString(lines);
  EXPECT_THAT(lines[0], testing::HasSubstr("stalls under gradient noise"));
  EXPECT_THAT(lines[1], testing::HasSubstr("already applies momentum"));
  EXPECT_THAT(lines[2], testing::HasSubstr("1.5 times the compressor's contraction"));
  EXPECT_THAT(lines[3], testing::HasSubstr("1.5 times"));  // the second tensor's
  EXPECT_THAT(lines[4], testing::HasSubstr("momentum above 0.5"));
  EXPECT_THAT(lines[5], testing::HasSubstr("compresses nothing: it is smaller than min_bytes"));
}

}  // namespace
}  // namespace pith::test
