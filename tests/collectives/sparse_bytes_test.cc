// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/log.h>
#include <pith/core/random.h>
#include <pith/reducer/reducer.h>

#include "support/exchange/legal_cases.h"
#include "support/exchange/trajectory.h"

// What an exchange sends does not grow with the number of ranks where the documentation says so.
namespace pith::test {
namespace {

constexpr std::size_t kElements = 100'000;
constexpr std::size_t kEntries = 840;  // divided by every number of ranks to 8

/// Where a rank's entries lie.
using Place = std::function<std::size_t(const Random& random, std::size_t entry, std::size_t rank,
                                        std::size_t ranks)>;

// kEntries elements of about 1, the others 0.
std::vector<float> entries_at(const Place& place, int rank, int ranks) {
  const Random random({.seed = 11, .rank = static_cast<std::uint32_t>(rank)});
  std::vector<float> x(kElements);
  std::size_t kept = 0;
  for (std::size_t draw = 0; kept < kEntries; ++draw) {
    float& value =
        x[place(random, draw, static_cast<std::size_t>(rank), static_cast<std::size_t>(ranks))];
    if (value != 0) continue;
    value = 1 + static_cast<float>(random.uniform(kElements + draw));
    ++kept;
  }
  return x;
}

std::size_t anywhere(const Random& random, std::size_t entry, std::size_t, std::size_t) {
  return random.below(kElements, entry);
}

// All ranks' in a hundredth of the tensor.
std::size_t together(const Random& random, std::size_t entry, std::size_t, std::size_t) {
  return 70'000 + random.below(kElements / 100, entry);
}

// Each rank's in a place of its own, owned by another rank.
std::size_t apart(const Random& random, std::size_t entry, std::size_t rank, std::size_t ranks) {
  const std::size_t width = kElements / ranks;
  return (rank + 1) % ranks * width + random.below(width / 4, entry);
}

// All ranks' at the same indices.
std::size_t alike(const Random&, std::size_t entry, std::size_t, std::size_t) {
  return 17 + 101 * entry;
}

// As 4-byte values, of which an index is one: what each rank has sent but heads, summaries and
// padding, with indices and values of 4 bytes.
std::vector<double> values_sent(const Place& place, int ranks) {
  std::vector<double> values(static_cast<std::size_t>(ranks));
  run_local(ranks, [&](Communicator& communicator) {
    Reducer reducer(
        communicator,
        options_for({"topk(k=" + std::to_string(kEntries) + ",index=raw32)", "sparse", "ef14"}));
    reducer.add("w", {kElements});
    auto x = entries_at(place, communicator.rank(), ranks);
    step(reducer, x);
    const auto others = static_cast<double>(ranks - 1);
    const double summary = 16 + 64 + 16 + 16 * std::ceil((4 + 32 * ranks) / 16.0);
    const double heads = 16 + (64 + 16 + 16);  // size record; header, directory, payload's head
    const double fixed = others * (16 + summary + 2 * heads);
    values[static_cast<std::size_t>(communicator.rank())] =
        (static_cast<double>(reducer.statistics().wire_bytes) - fixed) / 4;
  });
  return values;
}

void expect_within(const Place& place, const char* name, double most) {
  for (int p = 2; p <= 8; ++p) {
    const auto values = values_sent(place, p);
    const double unit = static_cast<double>(kEntries) * (p - 1) / p;
    const double padding = 4.0 * 6 * (p - 1);
    const double largest = *std::ranges::max_element(values);
    testing::Test::RecordProperty(std::string(name) + "_" + std::to_string(p),
                                  std::to_string(largest / static_cast<double>(kEntries)));
    EXPECT_LE(largest, most * unit + padding) << name << ", " << p << " ranks";
  }
}

TEST(Sparse, SendsAtMostSixValuesPerEntryWhereverTheyLie) {
  set_log_level(LogLevel::none);
  expect_within(apart, "apart", 6);
  expect_within(together, "together", 6);
}

// With entries everywhere a rank owns a p-th of its own; the samples let an eighth more pass.
TEST(Sparse, SendsFourValuesPerEntryOfEvenSupports) {
  set_log_level(LogLevel::none);
  expect_within(anywhere, "anywhere", 4.25);
  expect_within(alike, "alike", 4.25);
}

double wire_ratio(const std::string& compressor, const std::string& exchange, int ranks) {
  double ratio = 0;
  run_local(ranks, [&](Communicator& communicator) {
    Reducer reducer(communicator, options_for({compressor, exchange, "none"}));
    reducer.add("w", {500, 800});
    auto x = gradient<float>(500 * 800, 0, communicator.rank());
    step(reducer, x);
    if (communicator.rank() == 0) ratio = reducer.statistics().wire_ratio;
  });
  return ratio;
}

// The raw all-reduce's bytes over the exchange's. Heads and summaries are no large part of it.
TEST(WireRatio, StaysWhatItIsFromTwoToEightRanks) {
  set_log_level(LogLevel::none);
  const LegalCase cases[] = {{"onebit", "sharded", "none"},
                             {"quantize(bits=4)", "sharded", "none"},
                             {"topk(density=0.05)", "sparse", "none"},
                             {"topk(density=0.05,index=raw32)", "sparse", "none"},
                             {"topk(density=0.05,values=bf16)", "sparse", "none"},
                             {"randomk(density=0.1)", "linear", "none"},
                             {"lowrank(rank=4)", "linear", "none"}};
  for (const LegalCase& legal : cases) {
    const double two = wire_ratio(legal.compressor, legal.exchange, 2);
    for (const int ranks : {3, 4, 5, 6, 7, 8}) {
      const double ratio = wire_ratio(legal.compressor, legal.exchange, ranks);
      EXPECT_NEAR(ratio, two, 0.1 * two) << legal << ", " << ranks << " ranks";
    }
  }
}

// gather's is the other way: it halves when the ranks double.
TEST(WireRatio, OfGatherFallsWithTheRanks) {
  set_log_level(LogLevel::none);
  const double two = wire_ratio("topk(density=0.05)", "gather", 2);
  EXPECT_NEAR(wire_ratio("topk(density=0.05)", "gather", 8), two / 4, 0.1 * two / 4);
}

}  // namespace
}  // namespace pith::test
