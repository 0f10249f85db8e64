// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/core/error.h>

#include "model.h"

namespace pith::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(Uniform, GivesEachLayerItsStandardOrTheCandidateAskedFor) {
  const Model model = two_layer_model();
  EXPECT_EQ(model.choose("uniform").assignment, (Assignment{1, 1}));
  EXPECT_EQ(model.choose("uniform").error, 29);
  EXPECT_EQ(model.choose("uniform").cost, 2420u);
  EXPECT_EQ(model.choose("uniform(lowrank(rank=3))").assignment, (Assignment{2, 2}));
  EXPECT_EQ(model.choose("uniform(cheapest)").assignment, (Assignment{0, 0}));
  EXPECT_EQ(model.choose("uniform(accurate)").assignment, (Assignment{3, 3}));
}

TEST(Uniform, ReplacesWhatIsNotLegal) {
  Model model = two_layer_model();
  model.current = {2, 2};
  model.layers[0].squared_errors[1] = kNaN;
  model.layers[1].squared_errors.assign(4, kNaN);
  EXPECT_EQ(model.choose("uniform").assignment, (Assignment{3, 1}));
  EXPECT_EQ(model.choose("uniform(lowrank(rank=2))").assignment, (Assignment{3, 1}));
  EXPECT_EQ(model.choose("uniform(cheapest)").assignment, (Assignment{0, 2}));
}

// By squares: E = 29 is met by 9 + 16; half of it by 4 + 4.
TEST(LgrecoPolicy, TakesItsBudgetFromUniformTimesAlpha) {
  const Model model = two_layer_model();
  EXPECT_EQ(model.choose("lgreco").assignment, (Assignment{2, 0}));
  EXPECT_EQ(model.choose("lgreco(alpha=0.5)").assignment, (Assignment{2, 1}));
  EXPECT_EQ(model.choose("lgreco(norm=plain)").error, 7);
  EXPECT_FALSE(model.choose("lgreco(alpha=0.001)").within_budget);
}

TEST(LgrecoPolicy, TakesItsBudgetFromAnyOtherPolicy) {
  const Model model = two_layer_model();
  EXPECT_EQ(model.choose("lgreco(budget=uniform(lowrank(rank=1)))").assignment, (Assignment{0, 0}));
  const Solution solution = model.choose("lgreco(budget=uniform(lowrank(rank=3)))");
  EXPECT_LE(solution.error, 10);
  EXPECT_LE(solution.cost, model.choose("uniform(lowrank(rank=3))").cost);
}

TEST(LgrecoPolicy, TakesARelativeErrorOrBytes) {
  Model model = two_layer_model();
  model.squared_norms = {150, 50};
  EXPECT_EQ(model.choose("lgreco(budget=relative(fraction=0.125))").assignment, (Assignment{2, 0}));
  EXPECT_EQ(model.choose("lgreco(budget=relative(fraction=0.065))").assignment, (Assignment{2, 1}));
  EXPECT_EQ(model.choose("lgreco(budget=bytes(most=1810))").assignment, (Assignment{3, 0}));
  EXPECT_EQ(model.choose("lgreco(budget=bytes(most=1809))").assignment, (Assignment{2, 0}));
  EXPECT_FALSE(model.choose("lgreco(budget=bytes(most=1))").within_budget);
}

TEST(Kimad, SpendsWhatTheLinkCarries) {
  Model model = two_layer_model();
  EXPECT_EQ(model.choose("kimad(seconds=0.1)").assignment, (Assignment{1, 1}));  // not measured
  model.bytes_per_second = 18'100;
  EXPECT_EQ(model.choose("kimad(seconds=0.1)").assignment, (Assignment{3, 0}));
  model.bytes_per_second = 18'099;
  EXPECT_EQ(model.choose("kimad(seconds=0.1)").assignment, (Assignment{2, 0}));
  model.bytes_per_second = 1e30;
  EXPECT_EQ(model.choose("kimad(seconds=0.1)").assignment, (Assignment{3, 3}));
  model.bytes_per_second = 1;
  EXPECT_EQ(model.choose("kimad(seconds=0.1)").assignment, (Assignment{0, 0}));
  EXPECT_FALSE(model.choose("kimad(seconds=0.1)").within_budget);
}

TEST(Kimad, SpendsTheTimeItselfWhereCostsAreTimes) {
  Model model = two_layer_model();
  model.unit = CostUnit::nanoseconds;
  EXPECT_EQ(model.choose("kimad(seconds=1.81e-6)").assignment, (Assignment{3, 0}));
}

TEST(Policies, OfNoLayersChooseNothing) {
  const Model model{};
  for (const char* text : {"uniform", "lgreco", "accordion", "global_topk", "kimad(seconds=1)"}) {
    EXPECT_EQ(model.choose(text).assignment, Assignment()) << text;
  }
}

TEST(Policies, GiveTheirExamplesADefinedResultWhateverIsMeasured) {
  for (const PolicyEntry& entry : policies()) {
    if (entry.name == "table" || entry.name == "uniform") continue;
    for (const double squared : {0.0, 1.0, kNaN, std::numeric_limits<double>::infinity()}) {
      Model model = two_layer_model();
      model.current = {2, 3};
      for (LayerCandidates& layer : model.layers) layer.squared_errors.assign(4, squared);
      model.squared_norms.assign(2, squared);
      const Assignment chosen = model.choose(std::string(entry.example)).assignment;
      ASSERT_EQ(chosen.size(), 2u);
      EXPECT_TRUE(chosen[0] < 4 && chosen[1] < 4) << entry.example << " " << squared;
    }
  }
}

auto choosing(const Model& model, const std::string& text) {
  return [=] { model.choose(text); };
}

auto fails_with(const std::string& text) { return ThrowsMessage<UsageError>(HasSubstr(text)); }

TEST(Policies, NameTheLayerWhoseMeasurementsAreWrong) {
  Model model = two_layer_model();
  model.layers[1].costs.pop_back();
  EXPECT_THAT(choosing(model, "uniform"), fails_with("fc2.weight has 4 errors, but 3 costs"));
  model = two_layer_model();
  model.current[0] = 4;
  EXPECT_THAT(choosing(model, "lgreco"), fails_with("fc1.weight has no candidate 4"));
  model = two_layer_model();
  model.pipelines[1].pop_back();
  EXPECT_THAT(choosing(model, "lgreco"), fails_with("fc2.weight has 4 candidates, but 3 specs"));
  model = two_layer_model();
  model.squared_norms[1] = -1;
  EXPECT_THAT(choosing(model, "accordion"), fails_with("fc2.weight has the squared norm -1"));
}

TEST(Policies, RefuseMeasurementsOfOtherLayers) {
  Model model = two_layer_model();
  const auto policy = model.policy("uniform");
  model.layers.pop_back();
  EXPECT_THAT([&] { policy->choose(model.measured()); }, fails_with("1 layers' candidates, but"));
  model = two_layer_model();
  model.pipelines.clear();
  EXPECT_THAT(choosing(model, "uniform"), fails_with("0 layers' specs, but there are 2 layers"));
  model = two_layer_model();
  model.squared_norms.push_back(1);
  EXPECT_THAT(choosing(model, "uniform"), fails_with("3 squared norms"));
  model = two_layer_model();
  model.current.clear();
  EXPECT_THAT(choosing(model, "uniform"), fails_with("is of 0 layers"));
}

TEST(Policies, RefuseABandwidthThatIsNone) {
  Model model = two_layer_model();
  for (const double bandwidth : {-1.0, kNaN, std::numeric_limits<double>::infinity()}) {
    model.bytes_per_second = bandwidth;
    EXPECT_THAT(choosing(model, "kimad(seconds=1)"), fails_with("bytes per second"));
  }
}

TEST(Policies, ALevelThatALayerDoesNotHaveIsAnswered) {
  Model model = two_layer_model();
  EXPECT_THAT(choosing(model, "uniform(lowrank(rank=5))"),
              fails_with("lowrank(rank=5) is none of the candidates of fc1.weight: "
                         "lowrank(rank=1), lowrank(rank=2)"));
  EXPECT_THAT(choosing(model, "accordion(low=cheapst)"), fails_with("cheapst"));
  EXPECT_THAT(choosing(model, "lgreco(budget=uniform(onebit))"), fails_with("onebit"));
  model.unit = CostUnit::nanoseconds;
  EXPECT_THAT(choosing(model, "lgreco(budget=bytes(most=5))"), fails_with("nanoseconds"));
}

TEST(Policies, AnUnknownNameIsAnsweredByTheNearestKnownOne) {
  const Model model = two_layer_model();
  EXPECT_THAT(choosing(model, "lgrecco"), fails_with("\"lgreco\""));
  EXPECT_THAT(choosing(model, "lgreco(budget=relativ(fraction=1))"), fails_with("\"relative\""));
  EXPECT_THAT(choosing(model, "lgreco(budget=byte(most=1))"), fails_with("\"bytes\""));
  EXPECT_THAT(choosing(model, "lgreco(level=5)"), fails_with("\"levels\""));
  EXPECT_THAT(choosing(model, "accordion|lgreco"), fails_with("accordion|lgreco"));
}

TEST(Policies, AValueOutOfRangeIsNamed) {
  const Model model = two_layer_model();
  for (const auto& [text, key] : std::vector<std::pair<std::string, std::string>>{
           {"lgreco(levels=0)", "levels"},
           {"lgreco(levels=100001)", "levels"},
           {"lgreco(alpha=0)", "alpha"},
           {"lgreco(alpha=nan)", "alpha"},
           {"lgreco(norm=cubed)", "norm"},
           {"lgreco(budget=relative(fraction=2))", "fraction"},
           {"lgreco(budget=relative)", "fraction"},
           {"lgreco(budget=relative(0.5))", "fraction"},
           {"lgreco(budget=bytes)", "most"},
           {"lgreco(budget=bytes(most=-1))", "most"},
           {"accordion(eta=0)", "eta"},
           {"global_topk(budget=relative(fraction=0.1))", "budget must be bytes"},
           {"kimad", "seconds"},
           {"kimad(seconds=-1)", "seconds"},
           {"table", "file is missing"}}) {
    EXPECT_THAT(choosing(model, text), fails_with(key)) << text;
  }
}

}  // namespace
}  // namespace pith::test
