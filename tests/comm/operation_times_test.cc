// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/comm/operation_times.h>
#include <pith/comm/traffic.h>

namespace pith::test {
namespace {

// A local link takes at least the time that its bytes need, so that much has to be measured.
TEST(OperationTimes, AreThoseOfTheLink) {
  const Link link{.bytes_per_second = 4e6, .burst_bytes = 0, .latency_seconds = 1e-4};
  run_local(4,
            [&](Communicator& communicator) {
              constexpr std::size_t kLargest = std::size_t{1} << 24;  // would take four seconds
              const OperationTimes times(communicator, kLargest);
              constexpr double kBytes = 1 << 16;  // among those that are tried
              EXPECT_GE(times.all_reduce.at(kBytes), 1.5 * kBytes / 4e6);
              EXPECT_GE(times.all_gather.at(kBytes), 3 * kBytes / 4e6);
              EXPECT_GE(times.all_to_all.at(kBytes), 0.75 * kBytes / 4e6);
              EXPECT_GE(times.all_reduce.at(1), 6e-4);
              EXPECT_GE(times.all_gather.at(1), 3e-4);
              EXPECT_LT(communicator.wire_bytes(), kLargest) << "it has stopped where it was slow";
            },
            {.link = link});
}

TEST(OperationTimes, OfOneRankAreSmall) {
  run_local(1, [](Communicator& alone) {
    const OperationTimes times(alone, 1 << 20);
    EXPECT_GE(times.all_reduce.at(1e6), 0);
    EXPECT_EQ(alone.wire_bytes(), 0u);
  });
}

}  // namespace
}  // namespace pith::test
