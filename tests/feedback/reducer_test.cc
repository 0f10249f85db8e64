// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/reducer.h>

// What the reducer makes of a rule: owners of shards, absent ranks, the loss scale.
namespace pith::test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using Vector = std::vector<double>;

ReducerOptions options(const std::string& feedback, const char* exchange) {
  set_log_level(LogLevel::none);
  TensorRule rule;
  rule.compressor = "topk(k=1)";
  rule.feedback = feedback;
  rule.exchange = exchange;
  return {.rules = {rule}};
}

Vector exchange(Reducer& reducer, Vector gradient, const StepOptions& step = {}) {
  reducer.push("x", gradient);
  EXPECT_TRUE(reducer.wait(step).committed);
  return gradient;
}

Vector state(Reducer& reducer, const std::string& name) {
  for (const auto& state : reducer.states<double>()) {
    if (state.name == "x/" + name) return {state.values.begin(), state.values.end()};
  }
  return {};
}

/// Top-1 of four elements on two ranks, each of which owns two; both push the same.
template <class Body>
void on_two_ranks(const ReducerOptions& options, Body body) {
  run_local(2, [&](Communicator& communicator) {
    Reducer reducer(communicator, options);
    reducer.add("x", Shape{4}, ElementType::float64);
    body(communicator.rank(), reducer);
  });
}

// 5 and 4 are sent; rank 1 owns both and sends 5 on. Then rank 0 owns 3, and 4 is rank 1's turn.
TEST(Owner, KeepsAResidualOfItsShard) {
  on_two_ranks(options("ef14", "sharded"), [](int rank, Reducer& reducer) {
    EXPECT_EQ(exchange(reducer, rank == 0 ? Vector{0, 3, 5, 0} : Vector{0, 3, 0, 4}),
              (Vector{0, 0, 2.5, 0}));
    EXPECT_EQ(state(reducer, "owner_residual"), rank == 0 ? (Vector{0, 0}) : (Vector{0, 2}));
    EXPECT_EQ(exchange(reducer, {0, 0, 0, 0}), (Vector{0, 3, 0, 2}));
    EXPECT_EQ(state(reducer, "owner_residual"), (Vector{0, 0}));
  });
}

TEST(Owner, RescalesItsResidualAsItsRanksDo) {
  for (const auto& [feedback, factor] : {std::pair{"ef14", 2.0}, {"ef14(rescale=false)", 1.0}}) {
    on_two_ranks(options(feedback, "sharded"), [&, factor = factor](int rank, Reducer& reducer) {
      exchange(reducer, rank == 0 ? Vector{0, 3, 5, 0} : Vector{0, 3, 0, 4}, {.learning_rate = 1});
      EXPECT_EQ(exchange(reducer, {0, 0, 0, 0}, {.learning_rate = 0.5}),
                (Vector{0, 3 * factor, 0, 2 * factor}));
    });
  }
}

// A learning rate is nothing to differences of states.
TEST(Owner, NeverRescalesDifferences) {
  on_two_ranks(options("ef21", "sharded"), [](int rank, Reducer& reducer) {
    const Vector gradient = rank == 0 ? Vector{0, 3, 5, 0} : Vector{0, 3, 0, 4};
    exchange(reducer, gradient, {.learning_rate = 1});
    exchange(reducer, gradient, {.learning_rate = 0.5});
    EXPECT_EQ(exchange(reducer, gradient, {.learning_rate = 0.25}), (Vector{0, 3, 2.5, 2}));
  });
}

// Whole numbers are not rounded, so it is ef14; a dense step in between sends all that is left.
TEST(NarrowResidual, GivesWhatAFullOneGivesOverEveryExchange) {
  for (const char* exchange_name : {"gather", "sharded", "sparse"}) {
    std::vector<Vector> estimates[2];
    for (const bool narrow : {false, true}) {
      ReducerOptions way = options(narrow ? "ef14(state=8bit)" : "ef14", exchange_name);
      way.rules.front().compressor = "topk(k=1)@3,none@1,topk(k=1)";
      on_two_ranks(way, [&](int rank, Reducer& reducer) {
        for (int t = 0; t < 7; ++t) {
          const auto estimate = exchange(reducer, {4.0 + t, 2.0 * rank, 6.0 - t, -8});
          if (rank == 0) estimates[narrow].push_back(estimate);
        }
      });
    }
    EXPECT_EQ(estimates[0], estimates[1]) << exchange_name;
  }
}

TEST(AbsentRank, KeepsItsStateAndReceivesTheEstimate) {
  on_two_ranks(options("ef21", "gather"), [](int rank, Reducer& reducer) {
    EXPECT_EQ(exchange(reducer, {4, 2, 0, 0}), (Vector{4, 0, 0, 0}));
    Vector x{4, 2, 0, 0};
    if (rank == 0) {
      reducer.push("x", x);
    } else {
      reducer.skip("x", x);
    }
    EXPECT_TRUE(reducer.wait().committed);
    EXPECT_EQ(x, (Vector{4, 1, 0, 0}));
    EXPECT_EQ(state(reducer, "own"), rank == 0 ? (Vector{4, 2, 0, 0}) : (Vector{4, 0, 0, 0}));
  });
}

TEST(AbsentRank, CannotBeLeftOutOfAMeanOverAllRanks) {
  ReducerOptions participants = options("ef21", "gather");
  participants.divisor = Divisor::participants;
  on_two_ranks(participants, [](int, Reducer& reducer) {
    EXPECT_THAT([&] { reducer.wait(); }, ThrowsMessage<UsageError>(HasSubstr("ef21")));
  });
}

std::vector<std::string> rules() {
  std::vector<std::string> names{"ef14(state=bf16)", "ef14(state=8bit)"};
  for (const FeedbackEntry& entry : feedback_rules()) names.emplace_back(entry.name);
  return names;
}

// By a power of two, so exactly.
TEST(LossScale, ScalesEveryStateAndEstimate) {
  for (const std::string& feedback : rules()) {
    run_local(2, [&](Communicator& communicator) {
      Reducer plain(communicator, options(feedback, "sharded"));
      Reducer scaled(communicator, options(feedback, "sharded"));
      for (Reducer* reducer : {&plain, &scaled}) {
        reducer->add("x", Shape{4}, ElementType::float64);
        exchange(*reducer, {4, 2, 1, -3});
      }
      for (int t = 0; t < 5; ++t) {
        Vector expected = exchange(plain, {1, 2, -3, 4});
        for (double& value : expected) value *= 1024;
        EXPECT_EQ(exchange(scaled, {1024, 2048, -3072, 4096}, {.loss_scale = 1024}), expected);
      }
    });
  }
}

// An absent rank's private state follows too, although it composes nothing.
TEST(LossScale, IsFollowedByTheStateOfAnAbsentRank) {
  for (const std::string& feedback : rules()) {
    on_two_ranks(options(feedback, "gather"), [](int rank, Reducer& reducer) {
      exchange(reducer, {4, 2, 1, -3});
      std::vector<Vector> before;
      for (const char* name : {"residual", "error", "second_momentum", "momentum", "own"}) {
        before.push_back(state(reducer, name));
      }
      Vector x{2, 3, 4, 5};
      rank == 0 ? reducer.push("x", x) : reducer.skip("x", x);
      EXPECT_TRUE(reducer.wait({.loss_scale = 8}).committed);
      if (rank == 0) return;
      for (const char* name : {"own", "momentum", "second_momentum", "error", "residual"}) {
        Vector expected = before.back();
        before.pop_back();
        for (double& value : expected) value *= 8;
        EXPECT_EQ(state(reducer, name), expected) << name;
      }
    });
  }
}

// By a factor that rounds, and down to where numbers lose bits.
TEST(LossScale, OfAFailedStepChangesNoBit) {
  for (const std::string& feedback : rules()) {
    on_two_ranks(options(feedback, "sharded"), [](int rank, Reducer& reducer) {
      exchange(reducer, {1e-300, 2, 1. / 3, -3}, {.loss_scale = 1000});
      std::map<std::string, Vector> before;
      for (const auto& s : reducer.states<double>()) {
        before[s.name] = {s.values.begin(), s.values.end()};
      }
      Vector x(4, rank == 1 ? std::nan("") : 1);
      reducer.push("x", x);
      EXPECT_FALSE(reducer.wait({.loss_scale = 7e-20}).committed);
      for (const auto& s : reducer.states<double>()) {
        EXPECT_EQ(before.at(s.name), Vector(s.values.begin(), s.values.end())) << s.name;
      }
    });
  }
}

}  // namespace
}  // namespace pith::test
