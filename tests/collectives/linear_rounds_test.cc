// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/reducer/reducer.h>

#include "support/exchange/trajectory.h"

// Compressors whose steps differ: what a step sends, counted at the communicator.
namespace pith::test {
namespace {

constexpr int kRanks = 4;
constexpr std::size_t kElements = 60;  // 6 x 10

/// A reducer of one matrix, on one of the ranks.
class OneMatrix {
 public:
  OneMatrix(Communicator& communicator, const char* compressor)
      : communicator_(communicator),
        reducer_(communicator, {.feedback = "ef14", .rules = {rule(compressor)}}) {
    reducer_.add("w", Shape{6, 10});
    reducer_.states<float>();  // compares the registration
  }

  /// Bytes on the wire of a step, but for those of the agreement.
  std::uint64_t step(std::uint64_t number, bool with_a_nan = false) {
    const std::uint64_t before = communicator_.wire_bytes();
    auto x = gradient<float>(kElements, number, communicator_.rank());
    if (with_a_nan && communicator_.rank() == 1) x[31] = std::numeric_limits<float>::quiet_NaN();
    reducer_.push("w", std::span(x));
    EXPECT_EQ(reducer_.wait().committed, !with_a_nan);
    constexpr std::uint64_t kAgreement = (kRanks - 1) * 16;
    const std::uint64_t sent = communicator_.wire_bytes() - before - kAgreement;
    EXPECT_EQ(same_on_all_ranks(communicator_, std::span<const float>(x)), !with_a_nan);
    return sent;
  }

  Reducer& reducer() { return reducer_; }

 private:
  static TensorRule rule(const char* compressor) {
    TensorRule all;
    all.compressor = compressor;
    all.exchange = "linear";
    return all;
  }

  Communicator& communicator_;
  Reducer reducer_;
};

// A ring of four sends 3/2 of each buffer: 2 x 6 and 2 x 10 floats in turn, in one all-reduce.
TEST(PowerSgd, E8AcpSendsTheFactorThatIsDue) {
  run_local(kRanks, [](Communicator& communicator) {
    OneMatrix one(communicator, "acp(rank=2)");
    one.step(0);  // signatures are compared
    for (const std::uint64_t step : {1u, 3u, 5u}) {
      EXPECT_EQ(one.step(step), 4u * 20 * 3 / 2);
      EXPECT_EQ(one.step(step + 1), 4u * 12 * 3 / 2);
    }
  });
}

TEST(LinearRounds, AcpRepeatsTheFactorOfAFailedStep) {
  run_local(kRanks, [](Communicator& communicator) {
    OneMatrix disturbed(communicator, "acp(rank=2)"), quiet(communicator, "acp(rank=2)");
    EXPECT_EQ(disturbed.step(0), quiet.step(0));
    for (std::uint64_t step = 1; step < 5; ++step) {
      const auto before = state_bytes<float>(disturbed.reducer());
      disturbed.step(10 + step, true);
      EXPECT_TRUE(state_bytes<float>(disturbed.reducer()) == before);
      EXPECT_EQ(disturbed.step(step), quiet.step(step));
    }
  });
}

// As from a checkpoint, whichever factor is due.
TEST(LinearRounds, AcpContinuesFromTheStatesOfAReducer) {
  run_local(kRanks, [](Communicator& communicator) {
    OneMatrix old(communicator, "acp(rank=2)");
    old.step(0);
    for (std::uint64_t step = 0; step < 4; ++step) {
      OneMatrix restarted(communicator, "acp(rank=2)");
      restarted.step(9);
      const auto from = old.reducer().states<float>(), to = restarted.reducer().states<float>();
      ASSERT_EQ(from.size(), to.size());
      for (std::size_t s = 0; s < to.size(); ++s) {
        ASSERT_EQ(from[s].name, to[s].name);
        std::ranges::copy(from[s].values, to[s].values.begin());
      }
      const std::uint64_t factor = step % 2 == 0 ? 20 : 12;
      EXPECT_EQ(restarted.step(step + 1), 4 * factor * 3 / 2);
      old.step(step + 1);
      EXPECT_TRUE(state_bytes<float>(old.reducer()) == state_bytes<float>(restarted.reducer()));
    }
  });
}

}  // namespace
}  // namespace pith::test
