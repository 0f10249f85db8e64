// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/random.h>
#include <pith/reducer/reducer.h>

// Reducers that choose how they send while they run.
namespace pith::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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
              {.link = Link{.bytes_per_second = 4e6, .burst_bytes = 0}});
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

// Dense tensors between them, and weights of two types: what these take is not charged to others.
TEST(Automatic, DecidesForWeightsBetweenBiases) {
  run_local(2,
            [](Communicator& communicator) {
              Reducer reducer(communicator, {.compressor = "auto(onebit)"});
              std::vector<std::string> names;
              for (const char* const layer : {"0", "1", "2"}) {
                reducer.add(std::string("weight") + layer, {50, 100});
                reducer.add(std::string("bias") + layer, {100});
              }
              reducer.add("double", {50, 100}, ElementType::float64);
              std::vector<std::vector<float>> weights(3, std::vector<float>(5000));
              std::vector<std::vector<float>> biases(3, std::vector<float>(100));
              std::vector<double> other(5000);
              for (std::uint64_t step = 0; step < 80; ++step) {
                for (int layer = 0; layer < 3; ++layer) {
                  const auto l = static_cast<std::size_t>(layer);
                  weights[l] = gradient(5000, step, communicator.rank());
                  biases[l] = gradient(100, step, communicator.rank());
                  reducer.push("weight" + std::to_string(layer), std::span(weights[l]));
                  reducer.push("bias" + std::to_string(layer), std::span(biases[l]));
                }
                std::ranges::copy(weights[0], other.begin());
                reducer.push("double", std::span(other));
                ASSERT_TRUE(reducer.wait().committed);
              }
              for (const UnitStatistics& unit : reducer.statistics().units) {
                EXPECT_EQ(unit.compressor, unit.name.starts_with("bias") ? "none" : "onebit")
                    << unit.name;
              }
              EXPECT_EQ(reducer.statistics().automatic.size(), 2u) << "one per type";
            },
            {.link = Link{.bytes_per_second = 4e6, .burst_bytes = 0}});
}

// A schedule that leaves something open later, steps that fail when a decision is due, ranks some
// of which overlap: the same on all ranks, and trials count from where something is to be decided.
TEST(Automatic, FollowsASchedule) {
  run_local(3, [](Communicator& communicator) {
    Reducer reducer(communicator,
                    {.compressor = "none@70,auto(onebit,topk(k=5))",
                     .min_bytes = 0,
                     .progress = communicator.rank() == 1 ? Progress::none : Progress::thread});
    reducer.add("w", {10, 10});
    std::uint64_t failed = 0;
    for (std::uint64_t step = 0; step < 200; ++step) {
      auto x = gradient(100, step, communicator.rank());
      const bool bad = step % 10 == 4;
      if (bad && communicator.rank() == 2) x[3] = std::numeric_limits<float>::quiet_NaN();
      if (step % 3 != 0) reducer.begin();
      reducer.push("w", std::span(x));
      failed += reducer.wait().committed ? 0 : 1;
      if (!bad) {
        auto sum = x;
        communicator.all_reduce(sum);
        for (std::size_t i = 0; i < x.size(); ++i) ASSERT_FLOAT_EQ(sum[i], 3 * x[i]) << step;
      }
    }
    EXPECT_EQ(failed, 20u);
    const auto known = reducer.statistics().automatic;
    ASSERT_EQ(known.size(), 1u);
    std::uint64_t steps = 0;
    for (const AutomaticWay& way : known[0].ways) steps += way.steps;
    EXPECT_EQ(steps, 180u - 70u);
  });
}

// Nodes exchange sums: their peers' link and parts are what is measured, and all ranks agree.
TEST(Automatic, DecidesForPeersOfNodes) {
  run_local(4,
            [](Communicator& communicator) {
              Reducer reducer(
                  communicator,
                  {.compressor = "auto(onebit,topk(k=20))", .exchange = "auto", .node = "2"});
              reducer.add("w", {100, 100});
              for (std::uint64_t step = 0; step < 70; ++step) {
                auto x = gradient(10'000, step, communicator.rank());
                reducer.push("w", std::span(x));
                ASSERT_TRUE(reducer.wait().committed);
                auto first = x;
                communicator.broadcast(std::as_writable_bytes(std::span(first)), 0);
                ASSERT_EQ(x, first) << step;
              }
              const auto known = reducer.statistics().automatic;
              ASSERT_EQ(known.size(), 1u);
              EXPECT_LT(known[0].ways[0].steps, 70u) << "not only raw";
            },
            {.link = Link{.bytes_per_second = 4e6, .burst_bytes = 0}});
}

TEST(Automatic, TakesTensorsOfAnySize) {
  run_local(3, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = "auto(topk(k=1),quantize(bits=4))",
                                   .exchange = "auto",
                                   .unit = CompressedUnit::bucket,
                                   .min_bytes = 0,
                                   .bucket_bytes = 1});
    for (const std::size_t n : {0u, 1u, 2u, 5u}) reducer.add("n" + std::to_string(n), {n});
    for (std::uint64_t step = 0; step < 70; ++step) {
      std::vector<std::vector<float>> all;
      for (const std::size_t n : {0u, 1u, 2u, 5u}) {
        all.push_back(gradient(n, step, communicator.rank()));
        reducer.push("n" + std::to_string(n), std::span(all.back()));
      }
      ASSERT_TRUE(reducer.wait().committed);
    }
  });
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

// Owners would amplify a variance of 32, which ef_bv bears; with ef14 no way would be left.
TEST(Automatic, OffersTheWaysWhoseNoiseTheRulesBear) {
  run_local(2, [](Communicator& communicator) {
    constexpr const char* kNoisy = "quantize(bits=2,range=qsgd,bucket=1024)";
    const auto step = [&](const std::string& feedback) {
      Reducer reducer(communicator,
                      {.compressor = kNoisy, .feedback = feedback, .exchange = "auto"});
      reducer.add("w", {40, 40});
      std::vector<float> x(1600, 1);
      reducer.push("w", std::span(x));
      reducer.wait();
      std::vector<std::string> exchanges;
      const Statistics statistics = reducer.statistics();
      for (const AutomaticWay& way : statistics.automatic.at(0).ways) {
        exchanges.push_back(way.exchange);
      }
      return exchanges;
    };
    EXPECT_THAT(step("ef_bv"), ElementsAre("raw", "gather"));
    EXPECT_THAT(step("none"), ElementsAre("raw", "gather", "sharded"));
    EXPECT_THAT([&] { step("ef14"); },
                testing::ThrowsMessage<UsageError>(HasSubstr("over gather has a variance of 32")));
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
