// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cstdint>

#include <gtest/gtest.h>

#include "feedback/lone_rank.h"

// What every rule of the registry keeps to.
namespace pith::test {
namespace {

std::vector<std::string> rules() {
  std::vector<std::string> specs{"ef14(rescale=false)",
                                 "econtrol(eta=0.5)",
                                 "ef21_sgdm(eta=0.7)",
                                 "clip21(norm=100)",
                                 "ef14(state=bf16)",
                                 "ef14(state=8bit)",
                                 "dgc(momentum=0.5,nesterov=true)",
                                 "ef_bv(lambda=0.6,nu=0.9)"};
  for (const FeedbackEntry& entry : feedback_rules()) specs.emplace_back(entry.name);
  return specs;
}

// Numbers that differ from step to step and leave residuals everywhere.
std::vector<float> gradient(int t) {
  const auto x = static_cast<float>(t);
  return {1.5f + x, -0.3f * x, 0.7f - x, 0.1f, -2.25f};
}

StepContext context(int t) {
  return {.step = static_cast<std::uint64_t>(t), .learning_rate = 1.0 / (1 + t)};
}

std::vector<std::uint32_t> bits(const std::vector<float>& x) {
  std::vector<std::uint32_t> out;
  for (const float value : x) out.push_back(std::bit_cast<std::uint32_t>(value));
  return out;
}

TEST(Feedback, AStepThatIsNotAcceptedLeavesEveryBitOfEveryState) {
  for (const std::string& spec : rules()) {
    LoneRank<float> rank(spec, 5);
    for (int t = 0; t < 3; ++t) rank.step(gradient(t), context(t));
    const auto before = bits(rank.states());
    rank.begin(gradient(9), context(9));
    EXPECT_EQ(bits(rank.states()), before) << spec;
  }
}

TEST(Feedback, TheNextStepDoesNotKnowOfOneThatWasNotAccepted) {
  for (const std::string& spec : rules()) {
    LoneRank<float> troubled(spec, 5);
    LoneRank<float> clean(spec, 5);
    for (int t = 0; t < 10; ++t) {
      if (t % 3 == 1) troubled.begin(gradient(t + 20), context(t + 20));
      EXPECT_EQ(bits(troubled.step(gradient(t), context(t))),
                bits(clean.step(gradient(t), context(t))))
          << spec << ", step " << t;
      EXPECT_EQ(bits(troubled.states()), bits(clean.states())) << spec << ", step " << t;
    }
  }
}

TEST(Feedback, OneCopyOfTheStateTakesTheSameSteps) {
  for (const std::string& spec : rules()) {
    LoneRank<float> twice(spec, 5, Commit::step);
    LoneRank<float> once(spec, 5, Commit::inplace);
    for (int t = 0; t < 10; ++t) {
      EXPECT_EQ(bits(twice.step(gradient(t), context(t))), bits(once.step(gradient(t), context(t))))
          << spec << ", step " << t;
      EXPECT_EQ(bits(twice.states()), bits(once.states())) << spec << ", step " << t;
    }
  }
}

TEST(Feedback, AnAbsentRankKeepsItsPrivateStates) {
  for (const std::string& spec : rules()) {
    LoneRank<float> rank(spec, 5);
    for (int t = 0; t < 3; ++t) rank.step(gradient(t), context(t));
    const auto names = {"residual", "learning_rate", "momentum",   "second_momentum",
                        "own",      "error",         "contraction"};
    std::vector<std::vector<float>> before;
    for (const char* name : names) before.push_back(rank.state(name));
    rank.absorb(gradient(5));
    std::size_t i = 0;
    for (const char* name : names) EXPECT_EQ(rank.state(name), before[i++]) << spec << ' ' << name;
  }
}

TEST(Feedback, AnAbsentRankReceivesWhatTheOthersDo) {
  for (const std::string& spec : rules()) {
    LoneRank<float> present(spec, 5);
    LoneRank<float> absent(spec, 5);
    for (int t = 0; t < 5; ++t) {
      const auto estimate = present.step(gradient(t), context(t));
      EXPECT_EQ(absent.absorb(present.all_sent()), estimate) << spec;
    }
  }
}

TEST(Feedback, TheEstimateMayBeWrittenOverTheMean) {
  for (const std::string& spec : rules()) {
    const auto rule = make_feedback<float>(parse_spec(spec), 5, Commit::step);
    rule->carried_by({});
    LoneRank<float> other(spec, 5);
    for (int t = 0; t < 3; ++t) {
      auto mean = gradient(t);
      rule->absorb(0, mean, mean);
      for (int m = 1; m < rule->messages(); ++m) rule->absorb(m, gradient(t), mean);
      EXPECT_EQ(mean, other.absorb(gradient(t))) << spec;
    }
  }
}

TEST(Feedback, AnEmptyTensorIsATensor) {
  for (const std::string& spec : rules()) {
    LoneRank<double> rank(spec, 0);
    EXPECT_TRUE(rank.step({}).empty()) << spec;
  }
}

}  // namespace
}  // namespace pith::test
