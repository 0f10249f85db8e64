// SPDX-License-Identifier: Apache-2.0
#include <tuple>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/comm/staged_communicator.h>

#include "support/device.h"
#include "support/device_communicator_contract.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

class StagedContract : public testing::TestWithParam<std::tuple<DevicePromise, int>> {};

TEST_P(StagedContract, Holds) {
  const auto& [promise, ranks] = GetParam();
  run_local(ranks, [&promise = promise](Communicator& host) {
    StagedCommunicator comm(host);
    promise.holds(comm);
  });
}

INSTANTIATE_TEST_SUITE_P(All, StagedContract,
                         testing::Combine(testing::ValuesIn(device_communicator_contract()),
                                          testing::Values(1, 2, 3, 4)),
                         [](const auto& test) {
                           return std::get<DevicePromise>(test.param).name + std::string("On") +
                                  std::to_string(std::get<int>(test.param)) + "Ranks";
                         });

// The host's quotient, which is not the sum of the ranks' thirds.
TEST(StagedCommunicator, MeansHaveTheHostsBits) {
  run_local(3, [](Communicator& host) {
    const cuda::Stream stream;
    std::vector<float> x(1000);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = 0.1f * static_cast<float>(i) + static_cast<float>(host.rank());
    }
    const auto there = to_device(x, stream);
    StagedCommunicator comm(host);
    comm.all_reduce_mean(there.span(), 3.0f, stream);
    host.all_reduce_mean(std::span(x), 3.0f);
    EXPECT_EQ(to_host(there.span(), stream), x);
  });
}

// Two streams, and nobody waits for the first: its copy is still to come when the second begins.
TEST(StagedCommunicator, CallsOnAnotherStreamSpareWhatIsStillToBeCopied) {
  run_local(2, [](Communicator& host) {
    const cuda::Stream one;
    const cuda::Stream other;
    const auto x = to_device(std::vector<float>(100, 1.0f), one);
    const auto y = to_device(std::vector<float>(100, 5.0f), other);
    StagedCommunicator comm(host);
    comm.all_reduce(x.span(), one);
    comm.all_reduce(y.span(), other);
    EXPECT_EQ(to_host(x.span(), one), std::vector<float>(100, 2.0f));
    EXPECT_EQ(to_host(y.span(), other), std::vector<float>(100, 10.0f));
  });
}

// Its copies are on their way when it goes.
TEST(StagedCommunicator, StaysUntilAllIsCopied) {
  run_local(1, [](Communicator& host) {
    const cuda::Stream stream;
    const auto x = to_device(std::vector<float>(1000, 3.0f), stream);
    StagedCommunicator(host).all_reduce(x.span(), stream);
    EXPECT_EQ(to_host(x.span(), stream), std::vector<float>(1000, 3.0f));
  });
}

TEST(StagedCommunicator, IsOfTheDeviceOfItsFirstCall) {
  if (cuda::devices() < 2) GTEST_SKIP() << "one device";
  run_local(2, [](Communicator& host) {
    StagedCommunicator comm(host);
    cuda::use_device(host.rank());
    const cuda::Stream stream;
    const auto x = to_device(std::vector<float>(10, 3.0f), stream);
    comm.all_reduce(x.span(), stream);
    comm.all_reduce(x.span(), stream);
    EXPECT_EQ(to_host(x.span(), stream), std::vector<float>(10, 12.0f));
    cuda::use_device(1 - host.rank());
    const cuda::DeviceBuffer<float> other(10);
    const std::string mine = std::to_string(host.rank());
    const std::string its = std::to_string(1 - host.rank());
    EXPECT_EQ(usage_error([&] { comm.all_reduce(other.span(), nullptr); }),
              "the staged communicator is of device " + mine + ", the call of device " + its);
  });
}

TEST(StagedCommunicator, CannotBeCaptured) {
  run_local(1, [](Communicator& host) { EXPECT_FALSE(StagedCommunicator(host).is_capturable()); });
}

}  // namespace
}  // namespace pith::test
