// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/nccl/communicator.h>

#include "collectives/device_step.h"
#include "nccl/fake.h"

namespace pith::test {
namespace {

const ExchangedTensor kTensors[] = {{Exchange::raw, "none", "none"},
                                    {Exchange::raw, "cast(fp16)", "none"},
                                    {Exchange::gather, "cast(bf16)", "none"},
                                    {Exchange::sharded, "cast(fp16)", "none"},
                                    {Exchange::linear, "randomk(density=0.1)", "none"}};

class CapturedExchange : public testing::TestWithParam<ExchangedTensor> {};

// One step outside makes room; then the same graph serves every step, with the gradient that is
// there. Two ranks: halves are exact, so NCCL's means are the host's.
TEST_P(CapturedExchange, GivesTheHostsMeansStepByStep) {
  const FakeNccl fake;
  run_local(2, [&](Communicator& host) {
    nccl::Communicator comm(host, {.timeout_seconds = 20, .library = &fake.library()});
    HostSteps expected(GetParam(), 1001, host);
    DeviceSteps steps(GetParam(), 1001, comm);
    const DeviceStream stream = steps.bench().stream;
    EXPECT_EQ(bits_of(steps.step(0)), bits_of(expected.step(0)));
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t run = nullptr;
    cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
    steps.put_into_stream(0);
    cudaStreamEndCapture(stream, &graph);
    cudaGraphInstantiate(&run, graph, 0);
    for (const std::uint64_t other : {7, 8}) {
      steps.set_gradient(other);
      cudaGraphLaunch(run, stream);
      EXPECT_EQ(bits_of(steps.accept()), bits_of(expected.step(0, other)));
    }
    cudaGraphExecDestroy(run);
    cudaGraphDestroy(graph);
  });
}

INSTANTIATE_TEST_SUITE_P(All, CapturedExchange, testing::ValuesIn(kTensors));

}  // namespace
}  // namespace pith::test
