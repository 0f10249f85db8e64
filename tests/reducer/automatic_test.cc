// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/reducer/automatic.h>

// Which of several ways is taken, whatever they really take.
namespace pith::test {
namespace {

using testing::ElementsAre;

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

/// An Automatic over one order, with seconds as they are said to be.
class Decisions {
 public:
  Decisions(Communicator& communicator, const std::vector<UnitPlan>& plan,
            const std::vector<std::size_t>& order)
      : automatic_(communicator, communicator, plan, plan, 1 << 20) {
    automatic_.form(ways_of(plan), order, 7);  // ages count from there
  }

  /// One step; seconds_of(chosen) is what the units take.
  template <class Seconds>
  const std::vector<Choice>& step(const Seconds& seconds_of) {
    if (automatic_.due_at(7 + age_)) chosen_ = automatic_.decide(7 + age_);
    ++age_;
    automatic_.learn(seconds_of(chosen_));
    return chosen_;
  }

  std::uint64_t age() const { return age_; }
  std::vector<AutomaticStatistics> statistics() const { return automatic_.statistics(); }
  const std::vector<std::size_t>& groups() const { return automatic_.groups(); }

 private:
  Automatic automatic_;
  std::uint64_t age_ = 0;
  std::vector<Choice> chosen_;
};

// Whatever is predicted: what takes a thousand seconds is left, until all have been tried; then the
// fastest is in use.
TEST(Automatic, TriesWhatMayBeFasterAndKeepsTheFastest) {
  const std::vector plan{plan_of("a", "auto(onebit,topk(k=9))"), plan_of("b", "onebit"),
                         plan_of("c", "auto(onebit,topk(k=9))")};
  run_local(2, [&](Communicator& communicator) {
    Decisions decisions(communicator, plan, {2, 1, 0});
    EXPECT_THAT(decisions.groups(), ElementsAre(1, 0, 1));
    const auto seconds_of = [](const std::vector<Choice>& chosen) -> std::vector<double> {
      const double seconds = chosen[0].text() == "onebit over sharded" ? 1000 : 2000;
      return {seconds, 0, seconds};
    };
    std::set<std::string> tried;
    while (decisions.age() <= Automatic::kTrialSteps) {
      const auto& chosen = decisions.step(seconds_of);
      EXPECT_EQ(chosen[0], chosen[2]) << "they share a bucket";
      EXPECT_EQ(chosen[1].text(), "onebit over sharded") << "nothing is to be decided";
      tried.insert(chosen[0].text());
    }
    EXPECT_EQ(tried.size(), 3u);
    EXPECT_EQ(decisions.step(seconds_of)[0].text(), "onebit over sharded");
    const auto known = decisions.statistics();
    ASSERT_EQ(known.size(), 1u);
    EXPECT_THAT(known[0].units, ElementsAre("c", "a"));
    EXPECT_EQ(known[0].ways[known[0].chosen].measured_seconds, 2000) << "of both units";
    for (const AutomaticWay& way : known[0].ways) EXPECT_GT(way.predicted_seconds, 0);
  });
}

// A step that takes long for another reason, and one without this rank.
TEST(Automatic, IsNotLedAstrayByOneStep) {
  const std::vector plan{plan_of("a", "auto(onebit)")};
  run_local(1, [&](Communicator& alone) {
    Decisions decisions(alone, plan, {0});
    while (decisions.age() < 1000) {
      const bool hiccup = decisions.age() % 7 == 6;
      const bool absent = decisions.age() % 9 == 8;
      decisions.step([&](const std::vector<Choice>& chosen) -> std::vector<double> {
        const double seconds = chosen[0].text() == "none over raw" ? 2000 : 1000;
        return {absent ? -1 : hiccup ? 100 * seconds : seconds};
      });
    }
    const auto known = decisions.statistics();
    EXPECT_EQ(known[0].chosen, 1u);
    EXPECT_EQ(known[0].ways[1].measured_seconds, 1000);
    EXPECT_LE(known[0].ways[0].steps, 4u) << "of trials";
  });
}

// What was slow comes to its turn again, for four steps at a time, also if there are several.
TEST(Automatic, TriesAgainWhatWasSlow) {
  const std::vector plan{plan_of("a", "auto(onebit,topk(k=9))")};
  run_local(2, [&](Communicator& communicator) {
    Decisions decisions(communicator, plan, {0});
    std::uint64_t slow_steps = 0;
    std::set<std::uint64_t> tried;
    while (decisions.age() < 6000) {
      const auto& chosen =
          decisions.step([](const std::vector<Choice>& now) -> std::vector<double> {
            return {now[0].text() == "onebit over sharded" ? 1000.0 : 1200.0};
          });
      if (decisions.age() <= Automatic::kTrialSteps) continue;
      if (chosen[0].text() == "onebit over sharded") continue;
      ++slow_steps;
      tried.insert((decisions.age() - 1) / 100 * 100);
    }
    // Both have 1200 * 0.98^12 < 950; the second has its turn one hundred later.
    EXPECT_THAT(tried, ElementsAre(1200, 1300, 2400, 2500, 3600, 3700, 4800, 4900));
    EXPECT_EQ(slow_steps, 8 * Automatic::kTrial);
  });
}

TEST(Automatic, TakesWhatHasBecomeFaster) {
  const std::vector plan{plan_of("a", "auto(onebit)")};
  run_local(1, [&](Communicator& alone) {
    Decisions decisions(alone, plan, {0});
    const auto run_until = [&](std::uint64_t age, double raw, double onebit) {
      while (decisions.age() < age) {
        decisions.step([&](const std::vector<Choice>& chosen) -> std::vector<double> {
          return {chosen[0].text() == "none over raw" ? raw : onebit};
        });
      }
      return decisions.statistics()[0].chosen;
    };
    EXPECT_EQ(run_until(500, 2000, 1000), 1u);
    EXPECT_EQ(run_until(5000, 500, 1000), 0u);
    EXPECT_EQ(run_until(5200, 5000, 1000), 1u);
  });
}

// Rank 0 decides: what other ranks measured does not matter.
TEST(Automatic, DecidesTheSameOnEveryRank) {
  const std::vector plan{plan_of("a", "auto(onebit,topk(k=9),quantize(bits=4))")};
  const auto ways = ways_of(plan);
  run_local(3, [&](Communicator& communicator) {
    Decisions decisions(communicator, plan, {0});
    while (decisions.age() < 120) {
      const auto& chosen = decisions.step([&](const std::vector<Choice>& now) {
        const auto index =
            static_cast<double>(std::ranges::find(ways[0], now[0]) - ways[0].begin());
        const double other_order = communicator.rank() == 0 ? index : 3 - index;
        return std::vector<double>{1000 * (1 + other_order)};
      });
      auto index = static_cast<double>(std::ranges::find(ways[0], chosen[0]) - ways[0].begin());
      const auto mine = index;
      communicator.broadcast(std::as_writable_bytes(std::span(&index, 1)), 0);
      EXPECT_EQ(mine, index) << decisions.age();
    }
  });
}

}  // namespace
}  // namespace pith::test
