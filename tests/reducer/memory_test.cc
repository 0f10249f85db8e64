// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/log.h>
#include <pith/feedback/registry.h>

#include "support/allocation_counter.h"
#include "support/exchange/legal_cases.h"
#include "support/exchange/trajectory.h"

namespace pith::test {
namespace {

constexpr std::size_t kElements = 4096;

class Memory : public testing::TestWithParam<LegalCase> {
 protected:
  void SetUp() override { set_log_level(LogLevel::none); }
};

// One rank, so that no other thread's allocations are counted; relative errors are not measured.
TEST_P(Memory, AStepAllocatesNothingAfterTheLargestOne) {
  run_local(1, [](Communicator& communicator) {
    ReducerOptions options = options_for(GetParam());
    options.statistics_every = 0;
    Reducer reducer(communicator, options);
    reducer.add("w", {64, 64});
    auto x = gradient<float>(kElements, 0, 0);
    for (int t = 0; t < 5; ++t) step(reducer, x);
    const std::size_t before = allocations();
    for (int t = 0; t < 5; ++t) step(reducer, x);
    EXPECT_EQ(allocations() - before, 0u);
  });
}

INSTANTIATE_TEST_SUITE_P(All, Memory, testing::ValuesIn(legal_cases()),
                         [](const auto& test) { return test_name(test.param); });

// States per rank in vectors of n, as the registry says, counted over what a checkpoint sees; the
// owner's n/p more in the sharded exchange.
TEST(Memory, StatesPerRankAreWhatTheRegistrySays) {
  for (const FeedbackEntry& rule : feedback_rules()) {
    for (const char* const exchange : {"gather", "sharded"}) {
      run_local(4, [&](Communicator& communicator) {
        set_log_level(LogLevel::none);
        Reducer reducer(communicator,
                        options_for({"topk(density=0.1)", exchange, std::string(rule.name)}));
        reducer.add("w", {64, 64});
        auto x = gradient<float>(kElements, 0, communicator.rank());
        step(reducer, x);
        std::size_t elements = 0;
        for (const auto& state : reducer.states<float>()) {
          if (state.per_element) elements += state.values.size();
        }
        const bool owned = std::string_view(exchange) == "sharded" && rule.owner != "none";
        const auto vectors = static_cast<std::size_t>(rule.vectors_inplace);
        EXPECT_EQ(elements, vectors * kElements + (owned ? kElements / 4 : 0)) << rule.name;
      });
    }
  }
}

}  // namespace
}  // namespace pith::test
