// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <limits>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/random.h>
#include <pith/reducer/reducer.h>

#include "support/usage_error.h"

// Compressors that a policy chooses, layer by layer, while a reducer runs.
namespace pith::test {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Gt;
using testing::IsEmpty;
using testing::Lt;
using testing::SizeIs;

/// A model of three matrices: of one, few elements count; of the next, all alike; the third is
/// small.
struct Model {
  struct Tensor {
    std::string name;
    Shape shape;
    double scale;
    double heavy;  // one element in 50 is so much larger than the others
  };

  static inline const std::vector<Tensor> kTensors{
      {"sparse", {60, 80}, 0.1, 100}, {"even", {64, 64}, 1, 1}, {"small", {40, 40}, 1, 3}};

  std::vector<std::vector<float>> gradients;

  Model(std::uint64_t step, int rank) {
    for (std::size_t t = 0; t < kTensors.size(); ++t) {
      const Random random(
          {.seed = 5, .tensor = t, .step = step, .rank = static_cast<std::uint32_t>(rank)});
      std::vector<float> x(kTensors[t].shape.elements());
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double weight = i % 50 == 0 ? kTensors[t].heavy : 1;
        x[i] = static_cast<float>(kTensors[t].scale * weight * random.normal(i));
      }
      gradients.push_back(std::move(x));
    }
  }

  static void add_to(Reducer& reducer) {
    for (const Tensor& tensor : kTensors) reducer.add(tensor.name, tensor.shape);
  }

  void push(Reducer& reducer) {
    for (std::size_t t = kTensors.size(); t-- > 0;) {
      reducer.push(kTensors[t].name, std::span(gradients[t]));
    }
  }

  void step(Reducer& reducer, bool begins = false) {
    if (begins) reducer.begin();
    push(reducer);
    ASSERT_TRUE(reducer.wait().committed);
  }
};

constexpr const char* kTopK = "adaptive(topk(density=0.02),every=20,steps=5,one_in=1)";

// Every rank's decisions and results of a run of `steps`.
struct Run {
  std::vector<AdaptiveStatistics> statistics;
  std::vector<std::vector<float>> last;
};

template <class Change>
std::vector<Run> run(int ranks, const std::string& compressor, std::uint64_t steps,
                     const Change& change, bool begins = false, const char* feedback = "ef14") {
  std::vector<Run> runs(static_cast<std::size_t>(ranks));
  run_local(ranks, [&](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = compressor, .feedback = feedback, .min_bytes = 0});
    Model::add_to(reducer);
    Run& mine = runs[static_cast<std::size_t>(communicator.rank())];
    for (std::uint64_t step = 0; step < steps; ++step) {
      Model model(step, communicator.rank());
      change(model, communicator.rank());
      model.step(reducer, begins);
      mine.last = model.gradients;
    }
    mine.statistics = reducer.statistics().adaptive;
  });
  return runs;
}

void expect_equal(const std::vector<Run>& runs) {
  for (const Run& other : runs) {
    ASSERT_EQ(other.statistics.size(), 1u);
    ASSERT_EQ(other.statistics[0].decisions.size(), runs[0].statistics[0].decisions.size());
    for (std::size_t d = 0; d < other.statistics[0].decisions.size(); ++d) {
      const AdaptiveDecision& here = other.statistics[0].decisions[d];
      const AdaptiveDecision& there = runs[0].statistics[0].decisions[d];
      EXPECT_EQ(here.compressors, there.compressors);
      EXPECT_EQ(here.step, there.step);
      EXPECT_EQ(here.cost, there.cost);
      EXPECT_EQ(here.error, there.error);
    }
    EXPECT_EQ(other.last, runs[0].last) << "replicas";
  }
}

// compressors.md 3(e) 5: one rank's gradients are others by far, one rank is late.
TEST(Lgreco, E5AllRanksHoldOneDecision) {
  for (const bool begins : {false, true}) {
    const auto runs = run(
        4, kTopK, 45,
        [](Model& model, int rank) {
          if (rank == 3) {
            for (float& x : model.gradients[1]) x *= 40;
          }
          if (rank == 2) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        },
        begins);
    expect_equal(runs);
    EXPECT_EQ(runs[0].statistics[0].decisions.size(), 3u) << "at steps 5, 20 and 40";
  }
}

// What rank 3 sends counts as much as what rank 0 sends, which chooses.
TEST(Adaptive, AllRanksMeasurementsCount) {
  const auto first = [](int perturbed) {
    const auto runs = run(4, kTopK, 6, [&](Model& model, int rank) {
      if (rank != perturbed) return;
      for (float& x : model.gradients[1]) x *= 40;
    });
    EXPECT_GT(runs[0].statistics[0].seconds, 0);
    return runs[0].statistics[0].decisions[0].compressors;
  };
  const auto unperturbed = first(-1);
  EXPECT_NE(first(0), unperturbed);
  EXPECT_NE(first(3), unperturbed);
}

// Without a residual, what the first steps looked like is gone at the second choice.
TEST(Adaptive, EachChoiceIsOfItsOwnMeasuredSteps) {
  const auto second = [](float scale) {
    int step = 0;
    const auto change = [&, scale](Model& model, int) {
      if (step++ >= 5) return;
      for (float& x : model.gradients[1]) x *= scale;
    };
    return run(1, kTopK, 21, change, false, "none")[0].statistics[0].decisions;
  };
  const auto changed = second(40);
  const auto unchanged = second(1);
  EXPECT_NE(changed[0].compressors, unchanged[0].compressors);
  EXPECT_EQ(changed[1].compressors, unchanged[1].compressors);
  EXPECT_EQ(changed[1].error, unchanged[1].error);
}

TEST(Adaptive, ChoosesFirstBehindTheMeasuredStepsThenAtIntervals) {
  const auto runs = run(2, kTopK, 41, [](Model&, int) {});
  std::vector<std::uint64_t> steps;
  for (const auto& decision : runs[0].statistics[0].decisions) steps.push_back(decision.step);
  EXPECT_THAT(steps, ElementsAre(5, 20, 40));
  EXPECT_EQ(runs[0].statistics[0].policy, "lgreco");
  EXPECT_THAT(runs[0].statistics[0].units, ElementsAre("small", "even", "sparse"));
}

// The same error for fewer bytes: of the sparse matrix a tenth is more than what counts.
TEST(Adaptive, SavesBytesAtTheErrorOfTheUniformSetting) {
  const std::string tenth = "adaptive(topk(density=0.1),every=20,steps=5,one_in=1";
  const auto nothing = [](Model&, int) {};
  const auto chosen = run(2, tenth + ")", 6, nothing);
  const auto uniform = run(2, tenth + ",policy=uniform)", 6, nothing);
  const AdaptiveDecision& mine = chosen[0].statistics[0].decisions[0];
  const AdaptiveDecision& standard = uniform[0].statistics[0].decisions[0];
  EXPECT_THAT(standard.compressors, Each("topk(density=0.1)"));
  // An entry of 4 bytes and its index of at most 1 in the place of ten elements.
  EXPECT_THAT(standard.ratios, SizeIs(3));
  EXPECT_THAT(standard.ratios, Each(AllOf(Gt(7), Lt(10))));
  EXPECT_LE(mine.error, standard.error * (1 + 1e-9));
  EXPECT_LT(mine.cost, 0.8 * static_cast<double>(standard.cost));
}

// What was predicted is what is sent.
TEST(Adaptive, CostsAreTheBytesThatAreSent) {
  run_local(4, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = kTopK, .min_bytes = 0});
    Model::add_to(reducer);
    std::uint64_t before = 0;
    for (std::uint64_t step = 0; step < 20; ++step) {
      if (step == 10) before = reducer.statistics().wire_bytes;
      Model model(step, communicator.rank());
      model.step(reducer);
    }
    const auto sent = static_cast<double>(reducer.statistics().wire_bytes - before) / 10;
    const auto cost = static_cast<double>(reducer.statistics().adaptive[0].decisions[0].cost);
    constexpr double kHeads = 3 * (64 + 16 + 16 + 16 + 16);  // of the bucket, records, agreement
    EXPECT_NEAR(sent, cost + kHeads, 0.05 * cost);
  });
}

// What the ranks have received and what they still keep is what they have given, through every
// change of compressors.
TEST(Adaptive, LosesNothingWhenCompressorsChange) {
  for (const char* candidates : {kTopK, "adaptive(lowrank(rank=4),every=20,steps=5)",
                                 "adaptive(topk(density=0.02),lowrank(rank=1),none,every=20,"
                                 "steps=5,policy=accordion(eta=0.5,low=cheapest,high=none))"}) {
    run_local(2, [&](Communicator& communicator) {
      Reducer reducer(communicator, {.compressor = candidates, .min_bytes = 0});
      Model::add_to(reducer);
      double left = 0;
      for (std::uint64_t step = 0; step < 45; ++step) {
        Model model(step, communicator.rank());
        for (int r = 0; r < 2; ++r) left += Model(step, r).gradients[1][7] / 2;
        model.step(reducer);
        left -= model.gradients[1][7];
      }
      double kept[] = {0};
      for (const auto& state : reducer.states<float>()) {
        if (state.name == "even/residual") kept[0] = state.values[7];
      }
      communicator.all_reduce(kept);
      EXPECT_NEAR(left, kept[0] / 2, 1e-3) << candidates;
      const Statistics statistics = reducer.statistics();
      std::set<std::string> used;
      for (const auto& decision : statistics.adaptive[0].decisions) {
        used.insert(decision.compressors.begin(), decision.compressors.end());
      }
      EXPECT_GT(used.size(), 1u) << candidates << " changed nothing: " << *used.begin();
    });
  }
}

// The step after a choice travels as chosen; units share buckets by exchange.
TEST(Adaptive, StatisticsTellWhatIsInUse) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator,
                    {.compressor = "adaptive(topk(density=0.02),onebit,none,every=20,steps=2,"
                                   "policy=uniform(onebit))",
                     .min_bytes = 0});
    Model::add_to(reducer);
    for (std::uint64_t step = 0; step < 4; ++step) Model(step, communicator.rank()).step(reducer);
    for (const UnitStatistics& unit : reducer.statistics().units) {
      EXPECT_EQ(unit.compressor, "onebit");
      EXPECT_EQ(unit.exchange, "sharded");
    }
  });
}

TEST(Adaptive, ALayerOfZerosKeepsWhatItHas) {
  const auto runs =
      run(2, kTopK, 10, [](Model& model, int) { std::ranges::fill(model.gradients[2], 0.0f); });
  EXPECT_EQ(runs[0].statistics[0].decisions[0].compressors[0], "topk(density=0.02)");
}

TEST(Adaptive, AStepThatIsNotFiniteIsLeftOut) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = kTopK, .min_bytes = 0});
    Model::add_to(reducer);
    for (std::uint64_t step = 0; step < 7; ++step) {
      Model model(step, communicator.rank());
      const bool bad = step == 3 && communicator.rank() == 1;
      if (bad) model.gradients[0][11] = std::numeric_limits<float>::quiet_NaN();
      model.push(reducer);
      EXPECT_EQ(reducer.wait().committed, step != 3);
    }
    const auto decisions = reducer.statistics().adaptive[0].decisions;
    ASSERT_EQ(decisions.size(), 1u);
    EXPECT_TRUE(std::isfinite(decisions[0].error));
    EXPECT_GT(decisions[0].error, 0);
  });
}

TEST(Adaptive, OneLayerAndNone) {
  run_local(2, [](Communicator& communicator) {
    Reducer one(communicator, {.compressor = kTopK});
    one.add("w", {50, 60});
    Reducer none(communicator, {.compressor = kTopK});
    for (std::uint64_t step = 0; step < 7; ++step) {
      const Random random({.step = step});
      std::vector<float> x(3000);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(random.normal(i));
      one.push("w", std::span(x));
      EXPECT_TRUE(one.wait().committed);
      EXPECT_TRUE(none.wait().committed);
    }
    EXPECT_EQ(one.statistics().adaptive[0].decisions.size(), 1u);
    EXPECT_THAT(none.statistics().adaptive, IsEmpty());
  });
}

// Matrices that a rank would not make smaller are left out, and units of which the standard would
// not, stay dense.
TEST(Adaptive, CandidatesThatDoNotFitAreLeftOut) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = "adaptive(lowrank(rank=4),every=4,steps=1,"
                                                 "policy=uniform(accurate))",
                                   .min_bytes = 0});
    reducer.add("wide", {20, 20});  // rank 10 sends as much as it has
    reducer.add("narrow", {6, 6});
    for (std::uint64_t step = 0; step < 3; ++step) {
      std::vector<float> wide(400), narrow(36);
      for (std::size_t i = 0; i < 400; ++i) wide[i] = static_cast<float>(i * i % 37);
      reducer.push("wide", std::span(wide));
      reducer.push("narrow", std::span(narrow));
      reducer.wait();
    }
    const Statistics statistics = reducer.statistics();
    ASSERT_EQ(statistics.adaptive.size(), 1u);
    EXPECT_THAT(statistics.adaptive[0].units, ElementsAre("wide"));
    EXPECT_EQ(statistics.adaptive[0].decisions[0].compressors[0], "lowrank(rank=9)");
  });
}

}  // namespace
}  // namespace pith::test
