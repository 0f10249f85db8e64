// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/random.h>
#include <pith/reducer/automatic.h>
#include <pith/reducer/reducer.h>

// exchange=auto and compressor=auto(...): which ways there are, and who takes which.
namespace pith::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts(const std::string& compressor, const std::string& exchange,
                               const std::string& feedback = "ef14") {
  const Treatment treatment = parse_treatment(compressor, feedback, exchange);
  std::vector<std::string> all;
  for (const Choice& choice : choices(treatment.compressor.front().pipeline, treatment)) {
    all.push_back(choice.text());
  }
  return all;
}

std::string refusal(const std::string& compressor, const std::string& exchange) {
  try {
    texts(compressor, exchange);
    return "none";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(Choices, AreWhatTheTreatmentAllows) {
  EXPECT_THAT(texts("onebit", "natural"), ElementsAre("onebit over sharded"));
  EXPECT_THAT(texts("onebit", "gather"), ElementsAre("onebit over gather"));
  EXPECT_THAT(texts("onebit", "auto"),
              ElementsAre("none over raw", "onebit over gather", "onebit over sharded"));
  EXPECT_THAT(texts("topk(k=1)", "auto"),
              ElementsAre("none over raw", "topk(k=1) over gather", "topk(k=1) over sharded",
                          "topk(k=1) over sparse"));
  EXPECT_THAT(texts("auto(onebit,lowrank(rank=1))", "natural"),
              ElementsAre("none over raw", "onebit over sharded", "lowrank(rank=1) over linear"));
  EXPECT_THAT(texts("auto(cast(bf16),none)", "auto"),
              ElementsAre("none over raw", "cast(bf16) over raw", "cast(bf16) over gather",
                          "cast(bf16) over sharded"));
  EXPECT_THAT(texts("none", "auto"), ElementsAre("none over raw"));
}

TEST(Choices, AreRefusedIfWhatIsListedIsWrong) {
  EXPECT_THAT(refusal("auto", "natural"), HasSubstr("expected compressors"));
  EXPECT_THAT(refusal("auto(k=onebit)", "natural"), HasSubstr("auto takes compressors, not k="));
  EXPECT_THAT(refusal("auto(topq)", "auto"), HasSubstr("did you mean \"topk\""));
  EXPECT_THAT(refusal("auto(onebit,topk(density=2))", "natural"), HasSubstr("density"));
  EXPECT_THAT(refusal("auto(onebit,lowrank(rank=1))", "gather"), HasSubstr("lowrank"));
}

constexpr std::size_t kSide = 40;

UnitPlan plan_of(const std::string& name, const std::string& compressor) {
  return {.name = name,
          .tensors = {0},
          .type = ElementType::float32,
          .shape = {kSide, kSide},
          .elements = kSide * kSide,
          .treatment = parse_treatment(compressor, "ef14", "natural"),
          .why_dense = {}};
}

std::vector<std::vector<Choice>> ways_of(const std::vector<UnitPlan>& plan) {
  std::vector<std::vector<Choice>> ways;
  for (const UnitPlan& unit : plan) {
    ways.push_back(choices(unit.treatment.compressor.front().pipeline, unit.treatment));
  }
  return ways;
}

// Whatever is predicted: what takes a thousand seconds is left, until all have been tried; then
// the fastest is in use for good, until it is slow.
TEST(Automatic, TriesWhatMayBeFasterAndKeepsTheFastest) {
  const std::vector plan{plan_of("a", "auto(onebit,topk(k=9))"), plan_of("b", "onebit"),
                         plan_of("c", "auto(onebit,topk(k=9))")};
  const auto ways = ways_of(plan);
  run_local(2, [&](Communicator& communicator) {
    Automatic automatic(communicator, plan, 1 << 20);
    const auto seconds_of = [](const std::vector<Choice>& chosen) -> std::vector<double> {
      const std::string text = chosen[0].text();
      const double seconds = text == "onebit over sharded" ? 1000 : 2000;
      return {seconds, 0, seconds};
    };
    std::set<std::string> tried;
    std::vector<Choice> chosen;
    for (std::uint64_t step = 0; step < Automatic::kTrialSteps; ++step) {
      if (Automatic::due(step)) chosen = automatic.decide(ways, {2, 1, 0}, step);
      EXPECT_EQ(chosen[0], chosen[2]) << "they share a bucket";
      EXPECT_EQ(chosen[1].text(), "onebit over sharded") << "nothing is to be decided";
      tried.insert(chosen[0].text());
      automatic.learn(seconds_of(chosen));
    }
    EXPECT_EQ(tried.size(), 3u);
    EXPECT_EQ(chosen[0].text(), "onebit over sharded");
    const auto known = automatic.statistics();
    ASSERT_EQ(known.size(), 1u);
    EXPECT_THAT(known[0].units, ElementsAre("c", "a"));
    EXPECT_EQ(known[0].ways[known[0].chosen].measured_seconds, 2000) << "of both units";
    for (const AutomaticWay& way : known[0].ways) EXPECT_GT(way.predicted_seconds, 0);

    for (int step = 0; step < 80; ++step) automatic.learn(std::vector<double>{9e3, 0, 9e3});
    EXPECT_NE(automatic.decide(ways, {2, 1, 0}, 100)[0].text(), "onebit over sharded");
  });
}

// A way that was slow once comes to its turn again.
TEST(Automatic, TriesAgainWhatWasSlow) {
  const std::vector plan{plan_of("a", "auto(onebit)")};
  const auto ways = ways_of(plan);
  run_local(2, [&](Communicator& communicator) {
    Automatic automatic(communicator, plan, 1 << 20);
    std::vector<std::uint64_t> tried;
    std::string before;
    std::vector<Choice> chosen;
    for (std::uint64_t step = 0; step < 3000; ++step) {
      if (Automatic::due(step)) chosen = automatic.decide(ways, {0}, step);
      const bool raw = chosen[0].text() == "none over raw";
      if (raw && before != "none over raw" && step > Automatic::kTrialSteps) tried.push_back(step);
      before = chosen[0].text();
      automatic.learn(std::vector<double>{raw ? 1200.0 : 1000.0});
    }
    // 0.98^12 * 1200 is less than 95 % of 1000.
    EXPECT_THAT(tried, ElementsAre(1200, 2400)) << "for a hundredth of all steps";
  });
}

// Rank 0 decides: what other ranks measured does not matter.
TEST(Automatic, DecidesTheSameOnEveryRank) {
  const std::vector plan{plan_of("a", "auto(onebit,topk(k=9),quantize(bits=4))")};
  const auto ways = ways_of(plan);
  run_local(3, [&](Communicator& communicator) {
    Automatic automatic(communicator, plan, 1 << 20);
    for (std::uint64_t step = 0; step < 40; step += 4) {
      const auto chosen = automatic.decide(ways, {0}, step);
      auto index = static_cast<double>(std::ranges::find(ways[0], chosen[0]) - ways[0].begin());
      const auto mine = index;
      communicator.broadcast(std::as_writable_bytes(std::span(&index, 1)), 0);
      EXPECT_EQ(mine, index) << "step " << step;
      for (int i = 0; i < 4; ++i) {
        const double other_order = communicator.rank() == 0 ? index : 3 - index;
        automatic.learn(std::vector<double>{1000 * (1 + other_order)});
      }
    }
  });
}

std::vector<float> gradient(std::size_t n, std::uint64_t step, int rank) {
  const Random random({.seed = 5, .step = step, .rank = static_cast<std::uint32_t>(rank)});
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(random.normal(i));
  return x;
}

double state_sum(Reducer& reducer, std::size_t element) {
  double sum = 0;
  for (const auto& state : reducer.states<float>()) {
    if (state.name.find("residual") != std::string::npos) sum += state.values[element];
  }
  return sum;
}

// Whichever ways are tried, nothing is lost: what the ranks have received and what they still keep
// is what they have given. The link is slow, so that not only raw is tried.
TEST(Automatic, LosesNothingOnAnyWay) {
  constexpr std::size_t kElements = 3000;
  constexpr int kRanks = 3;
  for (const bool begins : {false, true}) {
    run_local(kRanks,
              [&](Communicator& communicator) {
                Reducer reducer(communicator, {.compressor = "auto(topk(k=50),threshold(value=2))",
                                               .feedback = "ef14"});
                reducer.add("w", {50, kElements / 50});
                std::vector<double> left(kElements);
                for (std::uint64_t step = 0; step < 80; ++step) {
                  auto x = gradient(kElements, step, communicator.rank());
                  for (std::size_t i = 0; i < kElements; ++i) {
                    for (int r = 0; r < kRanks && i % 100 == 0; ++r) {
                      left[i] += gradient(kElements, step, r)[i] / kRanks;
                    }
                  }
                  if (begins) reducer.begin();
                  reducer.push("w", std::span(x));
                  ASSERT_TRUE(reducer.wait().committed);
                  for (std::size_t i = 0; i < kElements; ++i) left[i] -= x[i];
                }
                for (std::size_t i = 0; i < kElements; i += 100) {
                  double kept[] = {state_sum(reducer, i)};
                  communicator.all_reduce(kept);
                  EXPECT_NEAR(left[i], kept[0] / kRanks, 1e-4) << i;
                }
                const Statistics statistics = reducer.statistics();
                ASSERT_EQ(statistics.automatic.size(), 1u);
                std::uint64_t steps = 0;
                for (const AutomaticWay& way : statistics.automatic[0].ways) steps += way.steps;
                EXPECT_EQ(steps, 80u);
              },
              {.link = Link{.bytes_per_second = 1e6, .burst_bytes = 0}});
  }
}

// 40,000 bytes at 100 kB/s are more than half a second raw, and less than 20 ms as a bit each.
TEST(Automatic, DoesNotTryRawOnASlowLink) {
  run_local(2,
            [](Communicator& communicator) {
              Reducer reducer(communicator, {.compressor = "onebit", .exchange = "auto"});
              reducer.add("w", {100, 100});
              for (std::uint64_t step = 0; step < 6; ++step) {
                auto x = gradient(10'000, step, communicator.rank());
                reducer.push("w", std::span(x));
                reducer.wait();
              }
              const auto known = reducer.statistics().automatic;
              ASSERT_EQ(known.size(), 1u);
              EXPECT_EQ(known[0].ways[0].compressor, "none");
              EXPECT_EQ(known[0].ways[0].steps, 0u);
              if (communicator.rank() == 0) {
                EXPECT_GT(known[0].ways[0].predicted_seconds, 0.3);
              }
            },
            {.link = Link{.bytes_per_second = 1e5, .burst_bytes = 0}});
}

TEST(Automatic, LeavesOutFactorsThatAreNotSmaller) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = "auto(lowrank(rank=4),onebit)", .min_bytes = 0});
    reducer.add("small", {4, 4});
    reducer.add("large", {64, 64});
    std::vector<float> small(16, 1);
    std::vector<float> large(4096, 1);
    reducer.push("small", std::span(small));
    reducer.push("large", std::span(large));
    reducer.wait();
    std::set<std::size_t> counts;
    for (const auto& one : reducer.statistics().automatic) counts.insert(one.ways.size());
    EXPECT_THAT(counts, ElementsAre(2u, 3u));
  });
}

TEST(Automatic, RanksThatListDifferentCompressorsAreAnErrorForAll) {
  run_local(2, [](Communicator& communicator) {
    const bool first = communicator.rank() == 0;
    Reducer reducer(communicator, {.compressor = first ? "auto(onebit)" : "auto(natural)"});
    reducer.add("w", {8, 8});
    std::vector<float> x(64, 1);
    reducer.push("w", std::span(x));
    EXPECT_THAT([&] { reducer.wait(); },
                testing::ThrowsMessage<UsageError>(HasSubstr("compressor=auto(onebit)")));
  });
}

// What a rule kept goes with the first raw step; from then on it is raw and nothing else.
TEST(Reducer, SendsItsResidualOnceWhenItGoesRaw) {
  constexpr std::size_t kElements = 700;
  run_local(2, [](Communicator& communicator) {
    const auto step = [&](Reducer& reducer, std::uint64_t number) {
      auto x = gradient(kElements, number, communicator.rank());
      reducer.push("w", std::span(x));
      EXPECT_TRUE(reducer.wait({.learning_rate = 0.1}).committed);
      return x;
    };
    Reducer reducer(communicator, {.compressor = "topk(k=7)@2,none@3,topk(k=7)", .min_bytes = 0});
    Reducer raw(communicator, {.compressor = "none"});
    for (Reducer* each : {&reducer, &raw}) each->add("w", {10, kElements / 10});
    for (std::uint64_t s = 0; s < 2; ++s) step(reducer, s);
    double kept[] = {state_sum(reducer, 3)};
    communicator.all_reduce(kept);
    EXPECT_NE(kept[0], 0);
    EXPECT_NEAR(step(reducer, 2)[3], step(raw, 2)[3] + kept[0] / 2, 1e-6);
    for (std::uint64_t s = 3; s < 5; ++s) {
      EXPECT_EQ(step(reducer, s), step(raw, s));
      EXPECT_EQ(state_sum(reducer, 3), 0);
    }
    Reducer fresh(communicator, {.compressor = "topk(k=7)", .min_bytes = 0});
    fresh.add("w", {10, kElements / 10});
    for (std::uint64_t s = 5; s < 8; ++s) EXPECT_EQ(step(reducer, s), step(fresh, s)) << s;
  });
}

}  // namespace
}  // namespace pith::test
