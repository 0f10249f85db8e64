// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

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

// By the threads of all ranks together, none of which goes on before all have read it.
std::size_t allocations_so_far(Communicator& communicator) {
  communicator.barrier();
  const std::size_t count = allocations();
  communicator.barrier();
  return count;
}

/// A reducer of one tensor, which it gives prepared gradients.
class OneTensor {
 public:
  OneTensor(Communicator& communicator, const LegalCase& legal)
      : reducer_(communicator, options(legal)), x_(kElements) {
    reducer_.add("w", {64, 64});
    for (std::uint64_t t = 0; t < kSteps; ++t) {
      gradients_.push_back(gradient<float>(kElements, t, communicator.rank()));
    }
    // Ten times the others, so that no threshold lets more through later.
    for (float& value : gradients_.front()) value *= 10;
  }

  void take_steps(std::size_t first, std::size_t last) {
    for (std::size_t t = first; t < last; ++t) {
      std::ranges::copy(gradients_[t], x_.begin());
      step(reducer_, x_);
    }
  }

  static constexpr std::size_t kSteps = 10;

 private:
  // Measuring relative errors takes memory when it happens.
  static ReducerOptions options(const LegalCase& legal) {
    ReducerOptions options = options_for(legal);
    options.statistics_every = 0;
    return options;
  }

  Reducer reducer_;
  std::vector<std::vector<float>> gradients_;
  std::vector<float> x_;
};

void expect_no_allocation(Communicator& communicator) {
  OneTensor tensor(communicator, Memory::GetParam());
  tensor.take_steps(0, 5);
  const std::size_t before = allocations_so_far(communicator);
  tensor.take_steps(5, OneTensor::kSteps);
  EXPECT_EQ(allocations_so_far(communicator) - before, 0u);
}

TEST_P(Memory, AStepAllocatesNothingAfterTheLargestOne) {
  for (const int ranks : {1, 3}) run_local(ranks, expect_no_allocation);
}

INSTANTIATE_TEST_SUITE_P(All, Memory, testing::ValuesIn(legal_cases()),
                         [](const auto& test) { return test_name(test.param); });

// States per rank in vectors of n, as the registry says, counted over what a checkpoint sees; the
// owner's n/p more in the sharded exchange.
TEST(Memory, StatesPerRankAreWhatTheRegistrySays) {
  for (const FeedbackEntry& rule : feedback_rules()) {
    for (const char* const exchange : {"gather", "sharded", "sparse"}) {
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
        const auto messages = static_cast<std::size_t>(rule.messages);
        EXPECT_EQ(elements, vectors * kElements + (owned ? messages * kElements / 4 : 0))
            << rule.name;
      });
    }
  }
}

}  // namespace
}  // namespace pith::test
