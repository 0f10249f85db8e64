// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <gtest/gtest.h>
#include <support/reference_exchange.h>

#include <pith/comm/local.h>
#include <pith/reducer/sharded_calls.h>

#include "support/exchange/sharded_contract.h"

// Both calls give what all ranks give in one place, one after the other, bit for bit.
namespace pith::test {
namespace {

constexpr int kRanks[] = {1, 2, 3, 4, 7, 8};
constexpr std::size_t kSizes[] = {0, 1, 5, 333, 4099};
constexpr std::uint64_t kSteps = 3;

class ReduceReference : public testing::TestWithParam<LegalCase> {};
class GatherReference : public testing::TestWithParam<LegalCase> {};

// By step, the whole tensor.
template <Element T>
using Results = std::vector<std::vector<T>>;

template <Element T>
ReferenceExchange<T> reference(const LegalCase& legal, const char* exchange, std::size_t n,
                               int ranks) {
  return ReferenceExchange<T>({.compressor = legal.compressor,
                               .feedback = legal.feedback,
                               .exchange = exchange,
                               .tensor = "w",
                               .shape = Shape::flat(n),
                               .ranks = static_cast<std::size_t>(ranks)});
}

StepContext at(std::uint64_t step) {
  StepContext context;
  context.step = step;
  return context;
}

template <Element T>
void expect_reduced(const LegalCase& legal, std::size_t n, int ranks) {
  Results<T> expected;
  auto serial = reference<T>(legal, "reduce_shards", n, ranks);
  for (std::uint64_t t = 0; t < kSteps; ++t) {
    std::vector<std::vector<T>> x;
    for (int r = 0; r < ranks; ++r) x.push_back(gradient<T>(n, t, r));
    expected.push_back(serial.step(x, at(t)));
  }
  run_local(ranks, [&](Communicator& communicator) {
    const auto first = block_start(n, static_cast<std::size_t>(ranks),
                                   static_cast<std::size_t>(communicator.rank()));
    std::vector<T> mine(shard_size(communicator, n));
    for (std::uint64_t t = 0; t < kSteps; ++t) {
      const auto x = gradient<T>(n, t, communicator.rank());
      ASSERT_TRUE(reduce_scatter_mean(communicator, "w", std::span<const T>(x), std::span<T>(mine),
                                      legal.compressor, legal.feedback));
      const auto* const shard = expected[t].data() + first;
      ASSERT_EQ(mine, std::vector<T>(shard, shard + mine.size()))
          << n << " elements, " << ranks << " ranks, step " << t;
    }
  });
}

template <Element T>
void expect_gathered(const LegalCase& legal, std::size_t n, int ranks) {
  Results<T> expected;
  auto serial = reference<T>(legal, "gather_shards", n, ranks);
  for (std::uint64_t t = 0; t < kSteps; ++t) {
    std::vector<std::vector<T>> shards;
    for (int r = 0; r < ranks; ++r) {
      const auto p = static_cast<std::size_t>(ranks);
      const auto own = static_cast<std::size_t>(r);
      shards.push_back(gradient<T>(n * (own + 1) / p - n * own / p, t, r));
    }
    expected.push_back(serial.step(shards, at(t)));
  }
  run_local(ranks, [&](Communicator& communicator) {
    std::vector<T> all(n);
    for (std::uint64_t t = 0; t < kSteps; ++t) {
      const auto mine = gradient<T>(shard_size(communicator, n), t, communicator.rank());
      ASSERT_TRUE(all_gather(communicator, "w", std::span<const T>(mine), std::span<T>(all),
                             legal.compressor, legal.feedback));
      ASSERT_EQ(all, expected[t]) << n << " elements, " << ranks << " ranks, step " << t;
    }
  });
}

TEST_P(ReduceReference, IsWhatReduceScatterGivesOnEveryNumberOfRanks) {
  for (const int ranks : kRanks) {
    for (const std::size_t n : kSizes) {
      expect_reduced<float>(GetParam(), n, ranks);
      expect_reduced<double>(GetParam(), n, ranks);
    }
  }
}

TEST_P(GatherReference, IsWhatAllGatherGivesOnEveryNumberOfRanks) {
  for (const int ranks : kRanks) {
    for (const std::size_t n : kSizes) {
      expect_gathered<float>(GetParam(), n, ranks);
      expect_gathered<double>(GetParam(), n, ranks);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, GatherReference, testing::ValuesIn(gathered_cases()),
                         [](const auto& test) { return test_name(test.param); });
INSTANTIATE_TEST_SUITE_P(All, ReduceReference, testing::ValuesIn(sharded_cases()),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace pith::test
