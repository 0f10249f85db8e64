// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/cuda/stream.h>
#include <pith/nccl/communicator.h>

#include "support/device_communicator_contract.h"

namespace pith::test {
namespace {

class RealNccl : public testing::TestWithParam<DevicePromise> {};

// NCCL has one rank on a device: as many as there are.
TEST_P(RealNccl, Holds) {
  run_local(cuda::devices(), [&](Communicator& host) {
    cuda::use_device(host.rank());
    nccl::Communicator comm(host, {.timeout_seconds = 60});
    GetParam().holds(comm);
  });
}

INSTANTIATE_TEST_SUITE_P(All, RealNccl, testing::ValuesIn(device_communicator_contract()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace pith::test
