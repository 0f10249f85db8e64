// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/reducer/reducer.h>

#include "reducer/node_model.h"
#include "support/damaging_communicator.h"
#include "support/usage_error.h"

// What goes wrong with a node stage is an error on every rank, or a step that counts on none.

namespace pith::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string options_error(const ReducerOptions& options) {
  return usage_error_of(
      2, [&](Communicator& communicator) { Reducer reducer(communicator, options); });
}

TEST(NodeStage, RefusesNodesThatAreNone) {
  for (const char* const node : {"0", "-2", "2x", "share", ""}) {
    EXPECT_THAT(options_error({.node = node}),
                AllOf(HasSubstr(std::string("node=") + node), HasSubstr("must be none, shared")));
  }
  EXPECT_THAT(options_error({.node = "given", .node_color = -1}), HasSubstr("node_color"));
}

TEST(NodeStage, RanksThatDisagreeAboutItAreTold) {
  const auto error = usage_error_of(4, [](Communicator& communicator) {
    Reducer reducer(communicator, {.node = communicator.rank() == 3 ? "4" : "2"});
    reducer.add("w", {4, 4});
    std::vector<float> x(16);
    step(reducer, x);
  });
  EXPECT_THAT(error, HasSubstr("rank 0 \"node=2\", rank 3 \"node=4\""));
  const auto color = usage_error_of(3, [](Communicator& communicator) {
    Reducer reducer(communicator, {.node = "given", .node_color = communicator.rank() - 1});
  });
  EXPECT_THAT(color, HasSubstr("rank 0: node_color must not be negative"));
}

TEST(NodeStage, ANanOfOneRankSkipsTheStepOnAllAndLeavesEveryState) {
  for (const Way& way : kWays) {
    ReducerOptions options = nodes_of("2", way.compressor, way.feedback);
    options.exchange = way.exchange;
    const bool changes = options.compressor.find('@') != std::string::npos;  // adds new states
    run_local(4, [&](Communicator& communicator) {
      set_log_level(LogLevel::none);
      Model model(communicator, options);
      for (std::uint64_t t = 0; t < (changes ? 1 : 3); ++t) {
        model.compute(t);
        model.push();
        EXPECT_TRUE(model.reducer().wait().committed);
        const std::uint64_t before = model.states();
        model.compute(t + 100);
        if (communicator.rank() == 2) model.matrix[599] = std::nanf("");
        const auto pushed = model.matrix;
        if (t == 1) model.reducer().begin();
        model.push();
        const StepResult result = model.reducer().wait();
        EXPECT_FALSE(result.committed);
        EXPECT_EQ(result.reason, "rank 2: matrix: element 599 is nan");
        EXPECT_EQ(model.states(), before) << way.compressor;
        EXPECT_EQ(model.matrix[0], pushed[0]);
      }
    });
  }
}

TEST(NodeStage, NamesAnyElementOfALargeTensor) {
  run_local(4, [](Communicator& communicator) {
    set_log_level(LogLevel::none);
    Reducer reducer(communicator, nodes_of("2", "onebit"));
    reducer.add("w", {120, 100});
    for (const std::size_t bad : {0u, 2047u, 2048u, 5999u, 6000u, 11999u}) {
      std::vector<float> x(12000, 1.0f);
      if (communicator.rank() == 1) x[bad] = -std::numeric_limits<float>::infinity();
      EXPECT_EQ(step(reducer, x).reason, "rank 1: w: element " + std::to_string(bad) + " is -inf");
    }
  });
}

TEST(NodeStage, ASumThatOverflowsWithinANodeSkipsTheStepOnAll) {
  run_local(4, [](Communicator& communicator) {
    set_log_level(LogLevel::none);
    Reducer reducer(communicator, nodes_of("2", "onebit"));
    reducer.add("w", {4, 4});
    std::vector<float> x(16, 1.0f);
    EXPECT_TRUE(step(reducer, x).committed);
    const std::uint64_t before = hash(state_bytes<float>(reducer));
    std::vector<float> y(16, communicator.rank() < 2 ? 3e38f : 0.0f);
    const StepResult result = step(reducer, y);
    EXPECT_FALSE(result.committed);
    EXPECT_THAT(result.reason, AllOf(HasSubstr("rank 0: w: element 0 is inf"),
                                     HasSubstr("rank 1: w: element 8 is inf")));
    EXPECT_EQ(hash(state_bytes<float>(reducer)), before);
  });
}

TEST(NodeStage, PropagatesANanToAllMemory) {
  ReducerOptions options = nodes_of("2", "onebit");
  options.non_finite = NonFinite::propagate;
  run_local(4, [&](Communicator& communicator) {
    set_log_level(LogLevel::none);
    Model model(communicator, options);
    model.compute(0);
    if (communicator.rank() == 1) model.doubles[3] = std::numeric_limits<double>::infinity();
    model.push();
    EXPECT_FALSE(model.reducer().wait().committed);
    for (const double value : model.gradients()) EXPECT_TRUE(std::isnan(value));
  });
}

TEST(NodeStage, InplaceStatesSurviveANan) {
  ReducerOptions options = nodes_of("2", "onebit");
  options.commit = Commit::inplace;
  run_local(4, [&](Communicator& communicator) {
    set_log_level(LogLevel::none);
    Model model(communicator, options);
    for (std::uint64_t t = 0; t < 3; ++t) {
      model.compute(t);
      if (t == 1 && communicator.rank() == 3) model.doubles[98] = std::nan("");
      model.push();
      const std::uint64_t before = model.states();
      EXPECT_EQ(model.reducer().wait().committed, t != 1);
      EXPECT_EQ(model.states() == before, t == 1);
    }
  });
}

TEST(NodeStage, MistakesOfOneRankAreErrorsOnAllAndChangeNothing) {
  for (const bool begin : {false, true}) {
    run_local(4, [&](Communicator& communicator) {
      set_log_level(LogLevel::none);
      Model model(communicator, nodes_of("2", "topk(density=0.1)"));
      model.compute(0);
      model.push();
      model.reducer().wait();
      const std::uint64_t before = model.states();
      model.compute(1);
      const auto pushed = model.gradients();
      if (begin) model.reducer().begin();
      if (communicator.rank() == 1) {
        model.reducer().push("bias", std::span(model.bias));
        model.reducer().fail("out of data");
      } else {
        model.push();
      }
      EXPECT_THAT([&] { model.reducer().wait(); },
                  testing::ThrowsMessage<UsageError>(AllOf(HasSubstr("rank 1: out of data"),
                                                           HasSubstr("\"matrix\" was neither"))));
      EXPECT_EQ(model.states(), before);
      EXPECT_EQ(model.gradients(), pushed);
      model.push();
      EXPECT_TRUE(model.reducer().wait().committed);
    });
  }
}

// Whoever waits for it, in whichever communicator, and whoever waits for those.
TEST(NodeStage, ARankThatLeavesWithinAStepIsAnErrorForTheOthers) {
  const auto run = [](Communicator& communicator) {
    set_log_level(LogLevel::none);
    Model model(communicator, nodes_of("2", "onebit"));
    model.compute(0);
    model.reducer().begin();
    if (communicator.rank() == 3) throw std::runtime_error("backward failed");
    model.push();
    EXPECT_THROW(model.reducer().wait(), TransportError);
  };
  EXPECT_THAT([&] { run_local(6, run); },
              testing::ThrowsMessage<std::runtime_error>(HasSubstr("backward failed")));
}

// Only one group of peers can see it.
TEST(NodeStage, ADamagedMessageOfOneGroupOfPeersIsAnErrorOnAll) {
  run_local(4, [](Communicator& inner) {
    set_log_level(LogLevel::none);
    DamagingCommunicator communicator(inner);
    Model model(communicator, nodes_of("2", "topk(density=0.1)"));
    model.compute(0);
    model.push();
    EXPECT_TRUE(model.reducer().wait().committed);
    const std::uint64_t before = model.states();
    DamagingCommunicator& peers = *communicator.parts()[1];
    if (inner.rank() == 3) {
      peers.damage_next({.source = 0, .change = [](auto message) { message[70] ^= std::byte{1}; }});
    }
    model.compute(1);
    model.push();
    EXPECT_THAT([&] { model.reducer().wait(); },
                testing::ThrowsMessage<WireError>(HasSubstr("rank 3: ")));
    EXPECT_EQ(model.states(), before);
    model.compute(2);
    model.push();
    EXPECT_TRUE(model.reducer().wait().committed);
  });
}

// A size that no message can have is found by that group alone, which keeps to the schedule.
TEST(NodeStage, ASizeThatCannotBeInOneGroupOfPeersIsAnErrorOnAll) {
  run_local(4, [](Communicator& inner) {
    set_log_level(LogLevel::none);
    DamagingCommunicator communicator(inner);
    Model model(communicator, nodes_of("2", "topk(density=0.1)"));
    model.compute(0);
    model.push();
    EXPECT_TRUE(model.reducer().wait().committed);
    const std::uint64_t before = model.states();
    const bool odd = inner.rank() % 2 == 1;
    const std::size_t other = inner.rank() == 1 ? 1 : 0;
    DamagingCommunicator& peers = *communicator.parts()[1];
    if (odd) {
      const auto too_many = [](std::size_t) { return std::size_t{1} << 40; };
      peers.damage_next({.source = other, .arriving = too_many});
    }
    model.compute(1);
    model.push();
    EXPECT_THROW(model.reducer().wait(), WireError);
    EXPECT_EQ(model.states(), before);
    if (odd) peers.damage_next({.source = other});  // none
    model.compute(2);
    model.push();
    EXPECT_TRUE(model.reducer().wait().committed);
  });
}

}  // namespace
}  // namespace pith::test
