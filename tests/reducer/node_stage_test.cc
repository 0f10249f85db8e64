// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/log.h>
#include <pith/reducer/reducer.h>

#include "reducer/node_model.h"
#include "support/allocation_counter.h"
#include "support/exchange/expected_bytes.h"
#include "support/exchange/legal_cases.h"

// What a node stage changes for the trainer, and what it does not.

namespace pith::test {
namespace {

/// Estimates of all steps and the states behind them, rank by rank.
struct Outcome {
  std::vector<std::vector<double>> estimates;
  std::vector<std::uint64_t> states;
};

Outcome train(int ranks, const ReducerOptions& options, bool begin) {
  const auto size = static_cast<std::size_t>(ranks);
  Outcome outcome{std::vector<std::vector<double>>(size), std::vector<std::uint64_t>(size)};
  run_local(ranks, [&](Communicator& communicator) {
    set_log_level(LogLevel::none);
    const auto r = static_cast<std::size_t>(communicator.rank());
    Model model(communicator, options);
    for (std::uint64_t t = 0; t < 4; ++t) {
      const StepOptions step{.learning_rate = 0.1 / static_cast<double>(t + 1),
                             .loss_scale = t < 2 ? 1.0 : 2.0};
      if (begin) model.reducer().begin(step);
      model.compute(t);
      model.push();
      EXPECT_TRUE(model.reducer().wait(step).committed);
      const auto estimates = model.gradients();
      auto& all = outcome.estimates[r];
      all.insert(all.end(), estimates.begin(), estimates.end());
    }
    outcome.states[r] = model.states();
  });
  return outcome;
}

TEST(NodeStage, LeavesTheSameEstimatesOnAllRanksAndOverlapChangesNoBit) {
  for (const Way& way : kWays) {
    for (const auto& [ranks, node] : {std::pair{4, "2"}, {6, "3"}, {5, "2"}, {3, "3"}}) {
      SCOPED_TRACE(std::string(way.compressor) + " on " + std::to_string(ranks) + " by " + node);
      ReducerOptions options = nodes_of(node, way.compressor, way.feedback);
      options.exchange = way.exchange;
      options.bucket_bytes = 1000;
      const Outcome plain = train(ranks, options, false);
      const Outcome overlapped = train(ranks, options, true);
      EXPECT_THAT(plain.estimates, testing::Each(plain.estimates.front()));
      EXPECT_EQ(overlapped.estimates, plain.estimates);
      EXPECT_EQ(overlapped.states, plain.states);
    }
  }
}

TEST(NodeStage, TakesUnitsOfSeveralTensors) {
  for (const CompressedUnit unit : {CompressedUnit::bucket, CompressedUnit::model}) {
    ReducerOptions options = nodes_of("2", "topk(density=0.1)");
    options.unit = unit;
    options.bucket_bytes = 1000;
    const Outcome plain = train(4, options, false);
    EXPECT_THAT(plain.estimates, testing::Each(plain.estimates.front()));
    EXPECT_EQ(train(4, options, true).estimates, plain.estimates);
  }
}

TEST(NodeStage, WithOneRankPerNodeThereIsNone) {
  for (const Way& way : kWays) {
    ReducerOptions options = nodes_of("1", way.compressor, way.feedback);
    options.exchange = way.exchange;
    const Outcome with = train(3, options, false);
    options.node = "none";
    const Outcome without = train(3, options, false);
    EXPECT_EQ(with.estimates, without.estimates) << way.compressor;
    EXPECT_EQ(with.states, without.states) << way.compressor;
  }
}

/// Lines of the log that a run writes.
std::vector<std::string> log_of(const std::function<void()>& run) {
  std::vector<std::string> lines;
  set_log_level(LogLevel::warn);
  auto before = set_log_sink([&](LogLevel, std::string_view subsystem, std::string_view line) {
    lines.push_back(std::string(subsystem) + " " + std::string(line));
  });
  run();
  set_log_sink(std::move(before));
  set_log_level(LogLevel::none);
  return lines;
}

TEST(NodeStage, SaysThatThereIsNoneOnceAndInTheStatistics) {
  const auto lines = log_of([] {
    run_local(2, [](Communicator& communicator) {
      Reducer reducer(communicator, {.node = "1"});
      reducer.add("w", {4, 4});
      auto x = gradient<float>(16, 0, communicator.rank());
      step(reducer, x);
      EXPECT_EQ(reducer.statistics().nodes, 0u);
    });
  });
  EXPECT_THAT(lines,
              testing::ElementsAre("NODE node=1: 2 nodes of 1 rank, so there is no node stage"));
}

// The raw mean, for which nothing is kept.
TEST(NodeStage, CompressesNothingOnASingleNodeAndSaysSo) {
  const auto lines = log_of([] {
    run_local(4, [](Communicator& communicator) {
      Reducer reducer(communicator, nodes_of("4", "topk(density=0.1)"));
      reducer.add("w", {4, 8});
      for (std::uint64_t t = 0; t < 4; ++t) {
        std::vector<float> x(32, static_cast<float>(communicator.rank() * 4));
        EXPECT_TRUE(step(reducer, x).committed);
        EXPECT_EQ(x, std::vector<float>(32, 6.0f));
      }
      EXPECT_TRUE(reducer.states<float>().empty());
      const Statistics statistics = reducer.statistics();
      EXPECT_EQ(statistics.nodes, 1u);
      EXPECT_EQ(statistics.units.front().why_dense, "all ranks are on one node");
    });
  });
  EXPECT_THAT(lines,
              testing::ElementsAre(
                  "EF compressor topk(density=0.1) compresses nothing: all ranks are on one node"));
}

// The rule runs, as it does on every tensor that travels dense.
TEST(NodeStage, KeepsTheMomentumOfARuleOnASingleNode) {
  run_local(2, [](Communicator& communicator) {
    set_log_level(LogLevel::none);
    Reducer reducer(communicator, nodes_of("2", "onebit", "ef21_sgdm(eta=0.5)"));
    reducer.add("w", {4, 4});
    for (const auto& [gradient, estimate] : {std::pair{4.0f, 4.0f}, {8.0f, 6.0f}, {8.0f, 7.0f}}) {
      std::vector<float> x(16, gradient);
      step(reducer, x);
      EXPECT_EQ(x, std::vector<float>(16, estimate));
    }
  });
}

TEST(NodeStage, StatesCarryTheirTensorsNameAndElementRange) {
  run_local(4, [](Communicator& communicator) {
    Reducer reducer(communicator, nodes_of("2", "onebit"));
    reducer.add("w", {5, 7});
    reducer.add("v", {5, 7});
    auto w = gradient<float>(35, 0, communicator.rank());
    auto v = w;
    reducer.push("w", std::span(w));
    reducer.push("v", std::span(v));
    reducer.wait();
    const bool second = communicator.rank() % 2 == 1;  // rows 0 and 1, rows 2 to 4
    std::size_t residuals = 0;
    for (const auto& state : reducer.states<float>()) {
      if (state.name != "w/residual" && state.name != "v/residual") continue;
      ++residuals;
      EXPECT_EQ(state.first, second ? 14u : 0u);
      EXPECT_EQ(state.values.size(), second ? 21u : 14u);
    }
    EXPECT_EQ(residuals, 2u);
  });
}

// Rank 3 and with it its node have something to send if one of the node's ranks has.
TEST(NodeStage, ANodeTakesPartIfOneOfItsRanksDoes) {
  run_local(4, [](Communicator& communicator) {
    set_log_level(LogLevel::none);
    Reducer reducer(communicator, nodes_of("2", "topk(k=1)", "ef14"));
    reducer.add("w", {4, 4});
    std::vector<float> x(16, 8.0f);
    step(reducer, x);
    const std::uint64_t before = hash(state_bytes<float>(reducer));
    std::vector<float> y(16, 8.0f);
    const bool absent = communicator.rank() >= 2;
    absent ? reducer.skip("w", std::span(y)) : reducer.push("w", std::span(y));
    EXPECT_TRUE(reducer.wait({.learning_rate = 0.1}).committed);
    EXPECT_TRUE(same_on_all_ranks(communicator, std::span<const float>(y)));
    EXPECT_EQ(hash(state_bytes<float>(reducer)) == before, absent);
    // One element of each half: residual and gradient of one of two nodes.
    EXPECT_EQ(y[1], 8.0f);
    EXPECT_EQ(y[9], 8.0f);
    std::vector<float> z(16, 8.0f);
    const bool alone = communicator.rank() == 3;
    alone ? reducer.skip("w", std::span(z)) : reducer.push("w", std::span(z));
    EXPECT_TRUE(reducer.wait({.learning_rate = 0.1}).committed);
    EXPECT_NE(hash(state_bytes<float>(reducer)), before);
  });
}

TEST(NodeStage, TheCallerChoosesTheDivisorOfAPartialRound) {
  for (const Divisor divisor : {Divisor::ranks, Divisor::participants}) {
    run_local(4, [&](Communicator& communicator) {
      ReducerOptions options{.divisor = divisor, .node = "2"};
      Reducer reducer(communicator, options);
      reducer.add("w", {6});
      std::vector<float> x(6, static_cast<float>(4 * communicator.rank()));
      communicator.rank() == 3 ? reducer.skip("w", std::span(x)) : reducer.push("w", std::span(x));
      reducer.wait();
      EXPECT_EQ(x, std::vector<float>(6, divisor == Divisor::ranks ? 3.0f : 4.0f));
    });
  }
}

// Norm 5 r over both tensors: times 1, 1, 1/2 and 1/3 of what it is.
TEST(NodeStage, ClipsEachRankBeforeItsNodesSum) {
  run_local(4, [](Communicator& communicator) {
    Reducer reducer(communicator, {.clip = 5, .node = "2"});
    reducer.add("a", {2});
    reducer.add("b", {2}, ElementType::float64);
    const auto r = static_cast<float>(communicator.rank());
    std::vector<float> a{3 * r, 0};
    std::vector<double> b{0, 4 * r};
    reducer.push("a", std::span(a));
    reducer.push("b", std::span(b));
    reducer.wait();
    EXPECT_FLOAT_EQ(a[0], 9.0f / 4);
    EXPECT_DOUBLE_EQ(b[1], 12.0 / 4);
  });
}

// In a node: n - c elements out and one number for the unit to each of l - 1 ranks, then l - 1
// times the c that are this rank's own. Between nodes: what the exchange sends of c elements on so
// many ranks.
void expect_bytes(const LegalCase& legal, std::size_t nodes, std::size_t l) {
  constexpr std::size_t kSide = 24;
  const std::size_t p = nodes * l;
  const std::size_t c = kSide * kSide;
  const std::size_t n = l * c;
  run_local(static_cast<int>(p), [&](Communicator& communicator) {
    set_log_level(LogLevel::none);
    ReducerOptions options = options_for(legal);
    options.node = std::to_string(l);
    Reducer reducer(communicator, options);
    reducer.add("w", {l * kSide, kSide});
    reducer.states<float>();  // compares the registration and forms the nodes
    auto x = gradient<float>(n, 0, communicator.rank());
    const std::uint64_t before = communicator.wire_bytes();
    EXPECT_TRUE(step(reducer, x).committed);
    const std::size_t within = 4 * (n - c + (l - 1)) + 4 * (l - 1) * c;
    const auto node = static_cast<std::size_t>(communicator.rank()) / l;
    const std::size_t between =
        expected_bytes(legal, c, nodes, node).wire - (nodes - 1) * 16 + (p - 1) * 16;
    const Statistics statistics = reducer.statistics();
    EXPECT_EQ(statistics.node_wire_bytes, within) << legal;
    EXPECT_EQ(statistics.wire_bytes, within + between) << legal;
    EXPECT_EQ(communicator.wire_bytes() - before, within + between) << legal;
    EXPECT_EQ(statistics.nodes, nodes);
  });
}

TEST(NodeStage, SendsTheBytesOfTheFormula) {
  for (const LegalCase& legal : {LegalCase{"none", "raw", "none"},
                                 {"onebit(block=64)", "sharded", "ef14"},
                                 {"topk(density=0.05,index=elias_fano)", "gather", "ef14"},
                                 {"cast(bf16)", "raw", "none"}}) {
    expect_bytes(legal, 2, 2);
    expect_bytes(legal, 3, 2);
    expect_bytes(legal, 2, 3);
  }
}

TEST(NodeStage, AStepAllocatesNothingAfterTheFirstOnes) {
  for (const Way& way : kWays) {
    ReducerOptions options = nodes_of("2", way.compressor, way.feedback);
    options.exchange = way.exchange;
    options.statistics_every = 0;
    run_local(4, [&](Communicator& communicator) {
      set_log_level(LogLevel::none);
      Reducer reducer(communicator, options);
      reducer.add("w", {16, 16});
      reducer.add("v", {40});
      std::vector<float> w(256);
      std::vector<float> v(40);
      std::size_t before = 0;
      for (std::uint64_t t = 0; t < 12; ++t) {
        communicator.barrier();
        if (t == 6) before = allocations();
        communicator.barrier();
        // The same in every step, so that coded indices take no more room later.
        for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<float>((i * 37) % 101);
        std::ranges::fill(v, 1.0f);
        reducer.push("w", std::span(w));
        reducer.push("v", std::span(v));
        reducer.wait();
      }
      communicator.barrier();
      EXPECT_EQ(allocations() - before, 0u) << way.compressor << " over " << way.exchange;
      communicator.barrier();
    });
  }
}

TEST(NodeStage, SharedNodesAreThoseOfTheBackEnd) {
  for (const int ranks_per_node : {0, 1, 2, 3}) {
    run_local(4,
              [&](Communicator& communicator) {
                set_log_level(LogLevel::none);
                Reducer reducer(communicator, nodes_of("shared", "onebit"));
                reducer.add("w", {8, 8});
                auto x = gradient<float>(64, 0, communicator.rank());
                EXPECT_TRUE(step(reducer, x).committed);
                EXPECT_TRUE(same_on_all_ranks(communicator, std::span<const float>(x)));
                const std::size_t expected[] = {1, 0, 2, 2};
                EXPECT_EQ(reducer.statistics().nodes, expected[ranks_per_node]);
              },
              {.ranks_per_node = ranks_per_node});
  }
}

}  // namespace
}  // namespace pith::test
