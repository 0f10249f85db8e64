// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/reducer.h>

#include "support/exchange/trajectory.h"

namespace pith::test {
namespace {

std::vector<std::string> rules() {
  std::vector<std::string> names;
  for (const FeedbackEntry& entry : feedback_rules()) names.emplace_back(entry.name);
  return names;
}

// Clipping and the loss scale: the same gradient in other units.
// (3, 4) has norm 5: clipped to 1 it is (0.6, 0.8), over both tensors together.
TEST(Reducer, ClipsEachRankOverAllTensorsBeforeFeedback) {
  run_local(1, [](Communicator& communicator) {
    Reducer reducer(communicator, {.clip = 1});
    reducer.add("a", {1});
    reducer.add("b", {1}, ElementType::float64);
    std::vector<float> a{3};
    std::vector<double> b{4};
    reducer.push("a", std::span(a));
    reducer.push("b", std::span(b));
    reducer.wait();
    EXPECT_FLOAT_EQ(a[0], 0.6f);
    EXPECT_DOUBLE_EQ(b[0], 0.8);
  });
}

// (3, 4) and (6, 8) to a norm of 1 each.
TEST(Reducer, ClipsToTheShareOfARank) {
  run_local(4, [](Communicator& communicator) {
    Reducer reducer(communicator, {.clip = 2, .clip_by_ranks = true});
    reducer.add("w", {2}, ElementType::float64);
    const double size = communicator.rank() < 2 ? 1 : 2;
    std::vector<double> x{3 * size, 4 * size};
    reducer.push("w", std::span(x));
    reducer.wait();
    EXPECT_DOUBLE_EQ(x[0], 0.6);
    EXPECT_DOUBLE_EQ(x[1], 0.8);
    EXPECT_THROW(Reducer(communicator, {.clip_by_ranks = true}), UsageError);
  });
}

// The norm of the true gradient counts, not of the scaled one.
TEST(Reducer, ClipsWithoutTheLossScale) {
  run_local(1, [](Communicator& communicator) {
    Reducer reducer(communicator, {.clip = 1});
    reducer.add("w", {2});
    std::vector<float> x{3 * 1024, 4 * 1024};
    reducer.push("w", std::span(x));
    reducer.wait({.loss_scale = 1024});
    EXPECT_FLOAT_EQ(x[0], 0.6f * 1024);
    EXPECT_FLOAT_EQ(x[1], 0.8f * 1024);
  });
}

// Under every rule and exchange the same as gradients that the trainer has clipped: once, not again
// by an owner; and a step that fails leaves what was pushed.
TEST(Reducer, ClipsOnceAndLeavesWhatWasPushed) {
  set_log_level(LogLevel::none);
  for (const char* const exchange : {"gather", "sharded"}) {
    for (const std::string& rule : rules()) {
      run_local(2, [&](Communicator& communicator) {
        ReducerOptions options{.compressor = "identity",
                               .feedback = rule,
                               .exchange = exchange,
                               .unit = CompressedUnit::model};
        Reducer plain(communicator, options);
        options.clip = 2.5;
        Reducer clipped(communicator, options);
        plain.add("w", {2});
        clipped.add("w", {2});
        for (int t = 0; t < 3; ++t) {
          std::vector<float> x{1.5f, 2};
          std::vector<float> y{3, 4};
          plain.push("w", std::span(x));
          plain.wait();
          clipped.push("w", std::span(y));
          clipped.wait();
          EXPECT_EQ(x, y) << exchange << " " << rule;
        }
        std::vector<float> y{3, communicator.rank() == 1 ? NAN : 4};
        const auto pushed = y;
        clipped.push("w", std::span(y));
        EXPECT_FALSE(clipped.wait().committed);
        EXPECT_EQ(std::memcmp(y.data(), pushed.data(), sizeof(float) * 2), 0);
      });
    }
  }
}

// Gradients times 8 with states that follow: the same trajectory times 8, exactly.
TEST(Reducer, StatesFollowTheLossScale) {
  for (const std::string& rule : rules()) {
    run_local(2, [rule](Communicator& communicator) {
      set_log_level(LogLevel::none);
      const ReducerOptions options{
          .compressor = "topk(k=3)", .feedback = rule, .unit = CompressedUnit::model};
      Reducer plain(communicator, options);
      Reducer scaled(communicator, options);
      plain.add("w", {4, 4});
      scaled.add("w", {4, 4});
      for (std::uint64_t t = 0; t < 6; ++t) {
        const float scale = t < 3 ? 1.0f : 8.0f;
        auto x = gradient<float>(16, t, communicator.rank());
        auto y = x;
        for (float& value : y) value *= scale;
        plain.push("w", std::span(x));
        plain.wait();
        scaled.push("w", std::span(y));
        scaled.wait({.loss_scale = scale});
        for (float& value : x) value *= scale;
        EXPECT_EQ(x, y) << rule << ", step " << t;
      }
    });
  }
}

}  // namespace
}  // namespace pith::test
