// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/vector.h>

#include "golden/descent.h"
#include "golden/trial.h"

// What feedback makes of a compressor's corner cases.
namespace pith::test {
namespace {

constexpr int kRanks = 3;

TEST(T11, TheResidualOfTheScaledSignIsTheWorkedExample) {
  run_local(1, [](Communicator& communicator) {
    TensorRule rule;
    rule.compressor = "onebit";
    rule.exchange = "gather";
    Reducer reducer(communicator, {.feedback = "ef14", .rules = {rule}});
    reducer.add("x", Shape{4}, ElementType::float64);
    Vector x{3, 4, 0, 0};
    reducer.push("x", x);
    reducer.wait();
    EXPECT_EQ(x, (Vector{1.75, 1.75, 1.75, 1.75}));
    const auto residual = reducer.states<double>().front();
    EXPECT_EQ(residual.name, "x/residual");
    EXPECT_EQ((Vector{residual.values.begin(), residual.values.end()}),
              (Vector{1.25, 2.25, -1.75, -1.75}));
    EXPECT_EQ(squared_norm(std::span<const double>(residual.values)), 12.75);
  });
}

// Every state that holds one number per element is zero too: nothing was invented.
TEST(T11, ZeroGradientsGiveZeroEstimates) {
  run_local(kRanks, [](Communicator& communicator) {
    const auto cases = all_cases();
    Trial<float> trial(communicator, cases);
    const std::vector<float> zero(trial[0].size());
    for (int step = 0; step < 3; ++step) {
      for (std::size_t i = 0; i < cases.size(); ++i) trial[i] = zero;
      ASSERT_TRUE(trial.exchange().committed);
      for (std::size_t i = 0; i < cases.size(); ++i) {
        EXPECT_EQ(trial[i], zero) << name_of(cases[i]);
        for (const std::string& name : states_of(cases[i])) {
          EXPECT_EQ(trial.state(i, name), zero) << name_of(cases[i]) << ' ' << name;
        }
      }
    }
  });
}

// After a dense first step the rules that send differences have nothing left to send.
TEST(T11, AnAllZeroDifferenceChangesNothing) {
  run_local(kRanks, [](Communicator& communicator) {
    for (const char* feedback : {"ef21", "econtrol"}) {
      const auto cases = cases_with(feedback);
      Trial<double> trial(communicator, cases, {.start_step = 1});
      trial.draw(0);
      trial.exchange();
      std::vector<std::vector<double>> first;
      for (std::size_t i = 0; i < cases.size(); ++i) first.push_back(trial[i]);
      trial.draw(0);
      ASSERT_TRUE(trial.exchange().committed);
      for (std::size_t i = 0; i < cases.size(); ++i)
        EXPECT_EQ(trial[i], first[i]) << name_of(cases[i]);
    }
  });
}

TEST(T11, NothingToKeepIsRefusedOnEveryRank) {
  run_local(kRanks, [](Communicator& communicator) {
    for (const char* spec : {"topk(k=0)", "topk(density=0)", "randomk(k=0)", "topk(density=1.5)"}) {
      EXPECT_THROW(Reducer(communicator, {.compressor = spec}), UsageError) << spec;
    }
  });
}

TEST(T11, KeepingEverythingIsGradientDescent) {
  const Problem problem = heterogeneous();
  const char* all = "topk(k=4)";
  const auto x = descend(problem,
                         {{"none", 0.1, "none"},
                          {"none", 0.1, all},
                          {"ef14", 0.1, all},
                          {"ef21", 0.1, all},
                          {"econtrol", 0.1, all}},
                         50);
  EXPECT_EQ(x[1], x[0]);
  EXPECT_EQ(x[2], x[0]);
  for (const std::size_t m : {3u, 4u}) {  // differences of states round
    for (std::size_t t = 0; t <= 50; ++t) {
      for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(x[m][t][j], x[0][t][j], 1e-14);
    }
  }
}

}  // namespace
}  // namespace pith::test
