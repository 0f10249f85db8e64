// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/comm/operation_times.h>
#include <pith/comm/traffic.h>

namespace pith::test {
namespace {

// A local link takes at least the time that its bytes need, so that much has to be measured; and
// what is larger than what was measured has to follow from it.
TEST(OperationTimes, AreThoseOfTheLink) {
  const Link link{.bytes_per_second = 4e6, .burst_bytes = 0, .latency_seconds = 1e-4};
  constexpr std::size_t kBytes = std::size_t{1} << 24;  // four seconds: beyond what is tried
  run_local(4,
            [&](Communicator& communicator) {
              const OperationTimes times(communicator, kBytes);
              const double bytes = kBytes;
              EXPECT_GE(times.all_reduce.at(bytes), 0.99 * 1.5 * bytes / 4e6);
              EXPECT_GE(times.all_gather.at(bytes), 0.99 * 3 * bytes / 4e6);
              EXPECT_GE(times.all_to_all.at(bytes), 0.99 * 0.75 * bytes / 4e6);
              EXPECT_GE(times.all_reduce.at(1), 6e-4);
              EXPECT_GE(times.all_gather.at(1), 3e-4);
              EXPECT_LT(times.all_reduce.at(64), times.all_reduce.at(bytes) / 100);
              EXPECT_LT(communicator.wire_bytes(), 3 * kBytes)
                  << "it has stopped where it was slow";
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
