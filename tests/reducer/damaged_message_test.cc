// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>

#include "support/damaging_communicator.h"
#include "support/exchange/legal_cases.h"
#include "support/exchange/trajectory.h"

namespace pith::test {
namespace {

constexpr std::size_t kElements = 333;

std::string step_error(Reducer& reducer, std::vector<float>& x) {
  try {
    step(reducer, x);
  } catch (const WireError& error) {
    return error.what();
  }
  return {};
}

// Runs two clean steps, one in which rank 1 receives damaged messages, and two more; beside a
// reducer that never meets the damaged step.
void check(const LegalCase& legal, const DamagingCommunicator::Damage& damage) {
  run_local(3, [&](Communicator& inner) {
    bool damaging = false;
    DamagingCommunicator communicator(inner, [&](std::span<std::byte> received) {
      if (damaging && inner.rank() == 1) damage(received);
    });
    Reducer reducer(communicator, options_for(legal));
    Reducer undisturbed(inner, options_for(legal));
    reducer.add("w", nearly_square(kElements));
    undisturbed.add("w", nearly_square(kElements));
    const auto both = [&](std::uint64_t t) {
      auto x = gradient<float>(kElements, t, inner.rank());
      auto y = x;
      step(reducer, x);
      step(undisturbed, y);
      EXPECT_EQ(x, y) << legal;
    };
    both(0);
    both(1);
    const std::string before = state_bytes<float>(reducer);
    auto x = gradient<float>(kElements, 2, inner.rank());
    const auto pushed = x;
    damaging = true;
    const std::string error = step_error(reducer, x);
    damaging = false;
    EXPECT_NE(error.find("rank 1: w, message of rank"), std::string::npos)
        << legal << ": " << error;
    EXPECT_EQ(x, pushed) << "the gradient was touched";
    EXPECT_EQ(state_bytes<float>(reducer), before) << legal;
    both(2);
    both(3);
  });
}

class DamagedMessage : public testing::TestWithParam<LegalCase> {
 protected:
  void SetUp() override { set_log_level(LogLevel::none); }
};

TEST_P(DamagedMessage, WithAFlippedBitIsAnErrorOnEveryRankAndChangesNothing) {
  check(GetParam(), [](std::span<std::byte> received) { received.back() ^= std::byte{4}; });
}

TEST_P(DamagedMessage, WithALostTailIsAnErrorOnEveryRankAndChangesNothing) {
  check(GetParam(), [](std::span<std::byte> received) {
    std::ranges::fill(received.last(received.size() / 3), std::byte{0});
  });
}

TEST_P(DamagedMessage, OfAnEarlierStepIsAnErrorOnEveryRankAndChangesNothing) {
  // Byte 24 of the header is the step number: a checksum that fits would not save it.
  check(GetParam(), [](std::span<std::byte> received) { received[24] ^= std::byte{1}; });
}

std::vector<LegalCase> with_messages() {
  std::vector<LegalCase> cases;
  std::ranges::copy_if(legal_cases(), std::back_inserter(cases), [](const LegalCase& legal) {
    return legal.exchange == "gather" || legal.exchange == "sharded";
  });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, DamagedMessage, testing::ValuesIn(with_messages()),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace pith::test
