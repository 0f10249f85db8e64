// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/reducer/adaptive_spec.h>
#include <pith/reducer/reducer.h>
#include <pith/reducer/wire_cost.h>

#include "support/usage_error.h"

// What adaptive(...) may say, and what it is told where it is wrong.
namespace pith::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Pipeline of(const std::string& text) { return parse_pipeline(text); }

std::vector<std::string> candidates_of(const std::string& text) {
  std::vector<std::string> all;
  for (const Pipeline& one : read_adaptive(with_candidates(of(text))).candidates) {
    all.push_back(text_of(one));
  }
  return all;
}

std::string error_of(const std::string& compressor, const std::string& exchange = "natural") {
  return usage_error_of(2, [&](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = compressor, .exchange = exchange});
    reducer.add("w", {50, 60});
    std::vector<float> x(3000, 1.0f);
    for (int step = 0; step < 3; ++step) {
      reducer.push("w", std::span(x));
      reducer.wait();
    }
  });
}

TEST(AdaptiveSpec, FamiliesSurroundTheStandard) {
  EXPECT_THAT(candidates_of("adaptive(quantize(bits=4,bucket=128))"),
              ElementsAre("quantize(bits=4,bucket=128)", "quantize(bits=2,bucket=128)",
                          "quantize(bits=3,bucket=128)", "quantize(bits=5,bucket=128)",
                          "quantize(bits=6,bucket=128)", "quantize(bits=7,bucket=128)",
                          "quantize(bits=8,bucket=128)"));
  EXPECT_THAT(
      candidates_of("adaptive(lowrank(rank=1))"),
      ElementsAre("lowrank(rank=1)", "lowrank(rank=2)", "lowrank(rank=3)", "lowrank(rank=4)"));
  const auto densities = candidates_of("adaptive(topk(density=0.01))");
  EXPECT_EQ(densities.size(), 17u);
  EXPECT_EQ(densities[0], "topk(density=0.01)");
  EXPECT_EQ(densities[1], "topk(density=0.001)");
  EXPECT_EQ(densities[16], "topk(density=0.1)");
  EXPECT_EQ(candidates_of("adaptive(topk(density=0.5))").back(), "topk(density=0.8891)");
}

TEST(AdaptiveSpec, ListedCandidatesAreTaken) {
  EXPECT_THAT(candidates_of("adaptive(topk(density=0.01),lowrank(rank=2),none,every=9,steps=2)"),
              ElementsAre("topk(density=0.01)", "lowrank(rank=2)", "none"));
}

TEST(AdaptiveSpec, AgesAtWhichItMeasuresAndChooses) {
  const AdaptiveSpec spec = read_adaptive(of("adaptive(onebit,none,every=20,steps=5)"));
  std::vector<std::uint64_t> due, measured;
  for (std::uint64_t age = 0; age < 42; ++age) {
    if (spec.due(age)) due.push_back(age);
    if (spec.measures(age)) measured.push_back(age);
  }
  EXPECT_THAT(due, ElementsAre(5, 20, 40));
  EXPECT_THAT(measured, ElementsAre(0, 1, 2, 3, 4, 15, 16, 17, 18, 19, 35, 36, 37, 38, 39));
}

TEST(AdaptiveSpec, WrongOnesAreRefusedOnEveryRank) {
  EXPECT_THAT(error_of("adaptive"), HasSubstr("expected a compressor first"));
  EXPECT_THAT(error_of("adaptive(every=5)"), HasSubstr("expected a compressor first"));
  EXPECT_THAT(error_of("adaptive(onebit)"), HasSubstr("list the candidates"));
  EXPECT_THAT(error_of("adaptive(topq(density=0.1))"), HasSubstr("topq"));
  EXPECT_THAT(error_of("adaptive(topk(density=0.01),every=0)"), HasSubstr("every"));
  EXPECT_THAT(error_of("adaptive(topk(density=0.01),every=5,steps=6)"), HasSubstr("steps"));
  EXPECT_THAT(error_of("adaptive(topk(density=0.01),evry=5)"), HasSubstr("evry"));
  EXPECT_THAT(error_of("adaptive(topk(density=0.01),objective=speed)"), HasSubstr("speed"));
  EXPECT_THAT(error_of("adaptive(topk(density=0.01),policy=lgrec)"), HasSubstr("lgreco"));
  EXPECT_THAT(error_of("adaptive(topk(density=0.01))", "auto"), HasSubstr("exchange=auto"));
  EXPECT_THAT(error_of("adaptive(topk(density=0.01))", "sharded|"), HasSubstr("sharded|"));
  EXPECT_THAT(error_of("adaptive(topk(density=0.01),onebit)", "sparse"), HasSubstr("onebit"));
}

TEST(AdaptiveSpec, RanksWithOtherCandidatesAreRefused) {
  const std::string error = usage_error_of(2, [&](Communicator& communicator) {
    const bool first = communicator.rank() == 0;
    Reducer reducer(communicator, {.compressor = first ? "adaptive(topk(density=0.01))"
                                                       : "adaptive(topk(density=0.02))"});
    reducer.add("w", {50, 60});
    std::vector<float> x(3000, 1.0f);
    reducer.push("w", std::span(x));
    reducer.wait();
  });
  EXPECT_THAT(error, HasSubstr("the ranks registered different things"));
}

// Only rank 0 reads the file; all ranks are told.
TEST(AdaptiveSpec, ATableOfAnotherModelIsRefusedOnEveryRank) {
  const std::string file = testing::TempDir() + "pith_table.txt";
  std::ofstream(file) << "v topk(density=0.01)\n";
  EXPECT_THAT(error_of("adaptive(topk(density=0.01),policy=table(" + file + "))"), HasSubstr(file));
  std::ofstream(file) << "w topk(density=0.07)\n";
  EXPECT_THAT(error_of("adaptive(topk(density=0.01),every=2,steps=1,policy=table(" + file + "))"),
              HasSubstr("topk(density=0.07)"));
  std::remove(file.c_str());
}

TEST(WireCost, IsWhatExchangesSend) {
  const auto cost = [](const char* pipeline, CompressorKind kind, Exchange exchange) {
    return wire_cost({of(pipeline), kind, exchange}, 1000, 8000, 4);
  };
  EXPECT_EQ(cost("topk(k=1)", CompressorKind::message, Exchange::gather), 3000);
  EXPECT_EQ(cost("onebit", CompressorKind::message, Exchange::sharded), 1500);
  EXPECT_EQ(cost("lowrank(rank=1)", CompressorKind::linear, Exchange::linear), 1500);
  EXPECT_EQ(cost("topk(k=1)", CompressorKind::sparse, Exchange::sparse), 3000);
  EXPECT_EQ(cost("none", CompressorKind::none, Exchange::raw), 12000);
  EXPECT_EQ(cost("cast(fp16)", CompressorKind::linear, Exchange::raw), 1500);
}

}  // namespace
}  // namespace pith::test
