// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/comm/staged_communicator.h>
#include <pith/nccl/communicator.h>
#include <pith/reducer/reducer.h>

#include "nccl/fake.h"
#include "reducer/device_tensors.h"
#include "support/device.h"

// A reducer's tensors exchanged by NCCL, each on a stream of its own, against those of the host.
namespace pith::test {
namespace {

constexpr int kSteps = 4;
const Variable& kMatrix = kModel.front();

std::vector<float> estimate_of_host(Reducer& reducer, int rank, int step) {
  auto x = gradient_of(kMatrix, rank, step);
  reducer.push("matrix", std::span<float>(x));
  reducer.wait();
  return x;
}

std::vector<float> estimate_of_device(Reducer& reducer, int rank, int step, DeviceStream stream) {
  const auto x = to_device(gradient_of(kMatrix, rank, step), stream);
  reducer.begin();
  reducer.push("matrix", x.span(), stream);
  reducer.wait();
  return to_host(x.span(), stream);
}

class NcclReducer : public testing::TestWithParam<Case> {
 public:
  // Four ranks: all of them over NCCL; or on two nodes, of which the first has NCCL.
  void expect_estimates_of_host(bool nodes) {
    const FakeNccl fake;
    const auto body = [&](Communicator& communicator) {
      const int rank = communicator.rank();
      const cuda::Stream stream;
      const auto node = communicator.split_node();
      std::unique_ptr<DeviceCommunicator> devices;
      if (nodes && rank >= 2) {
        devices = std::make_unique<StagedCommunicator>(*node);
      } else {
        devices = std::make_unique<nccl::Communicator>(
            nodes ? *node : communicator,
            nccl::Options{.timeout_seconds = 20, .library = &fake.library()});
      }
      auto options = options_of(GetParam());
      options.node = nodes ? "shared" : "none";
      options.device =
          nodes ? device_backend({.node = devices.get()}) : device_backend({.all = devices.get()});
      Reducer plain(communicator, options);
      Reducer there(communicator, options);
      plain.add("matrix", kMatrix.shape);
      there.add("matrix", kMatrix.shape, ElementType::float32, Space::device);
      for (int step = 0; step < kSteps; ++step) {
        EXPECT_EQ(estimate_of_device(there, rank, step, stream),
                  estimate_of_host(plain, rank, step))
            << "step " << step << " on rank " << rank;
      }
    };
    run_local(4, body, {.ranks_per_node = nodes ? 2 : 0});
  }
};

TEST_P(NcclReducer, HasTheHostsBitsBetweenAllDevices) { expect_estimates_of_host(false); }
TEST_P(NcclReducer, HasTheHostsBitsBetweenTheDevicesOfNodes) { expect_estimates_of_host(true); }

// Means by a factor that is a power of two have the quotient's bits.
INSTANTIATE_TEST_SUITE_P(All, NcclReducer,
                         testing::Values(Case{"none", "ef14"}, Case{"onebit", "ef14"},
                                         Case{"topk(density=0.05)", "ef21_sgdm"},
                                         Case{"randomk(density=0.1)", "ef14"}));

}  // namespace
}  // namespace pith::test
