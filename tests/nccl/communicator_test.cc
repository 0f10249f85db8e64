// SPDX-License-Identifier: Apache-2.0
#include <tuple>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/nccl/communicator.h>

#include "nccl/fake.h"
#include "support/device.h"
#include "support/device_communicator_contract.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

using testing::ElementsAre;

class NcclContract : public testing::TestWithParam<std::tuple<DevicePromise, int>> {};

TEST_P(NcclContract, Holds) {
  const auto& [promise, ranks] = GetParam();
  const FakeNccl fake;
  run_local(ranks, [&, promise = promise](Communicator& host) {
    nccl::Communicator comm(host, {.timeout_seconds = 20, .library = &fake.library()});
    promise.holds(comm);
  });
}

INSTANTIATE_TEST_SUITE_P(All, NcclContract,
                         testing::Combine(testing::ValuesIn(device_communicator_contract()),
                                          testing::Values(1, 2, 3, 4)),
                         [](const auto& test) {
                           return std::get<DevicePromise>(test.param).name + std::string("On") +
                                  std::to_string(std::get<int>(test.param)) + "Ranks";
                         });

class NcclCalls : public testing::Test {
 public:
  // What `body` calls on each of two ranks, between the communicator's beginning and its end.
  std::vector<std::string> calls_of(
      const std::function<void(nccl::Communicator&, DeviceStream)>& body) {
    run_local(2, [&](Communicator& host) {
      const cuda::Stream stream;
      nccl::Communicator comm(host, {.timeout_seconds = 20, .library = &fake.library()});
      body(comm, stream);
      comm.wait(stream);
      EXPECT_THAT(fake.streams(comm.rank()), testing::Each(stream.get()));
    });
    auto calls = fake.calls(0);
    EXPECT_EQ(calls.front(), "CommInitRankConfig 2 fake nonblocking");
    EXPECT_THAT(std::vector(calls.end() - 2, calls.end()),
                ElementsAre("CommFinalize", "CommDestroy"));
    return {calls.begin() + 1, calls.end() - 2};
  }

  const FakeNccl fake;
};

TEST_F(NcclCalls, SumIsOne) {
  EXPECT_THAT(calls_of([](nccl::Communicator& comm, DeviceStream stream) {
                const cuda::DeviceBuffer<float> x(7);
                cuda::clear(x.span(), stream);
                comm.all_reduce(x.span(), stream);
                comm.wait(stream);
              }),
              ElementsAre("AllReduce 7 float32 sum"));
}

// The factor is rounded to the type of what it multiplies.
TEST_F(NcclCalls, MeanMultipliesBefore) {
  EXPECT_THAT(
      calls_of([](nccl::Communicator& comm, DeviceStream stream) {
        const cuda::DeviceBuffer<float> x(7);
        const cuda::DeviceBuffer<Half> y(4);
        comm.all_reduce_mean(x.span(), 3.0f, stream);
        comm.all_reduce_mean(y.span(), 3.0f, stream);
        comm.wait(stream);
      }),
      ElementsAre("RedOpCreatePreMulSum 0.333333 float32", "AllReduce 7 float32 0.333333 float32",
                  "RedOpDestroy 0.333333 float32", "RedOpCreatePreMulSum 0.333252 float16",
                  "AllReduce 4 float16 0.333252 float16", "RedOpDestroy 0.333252 float16"));
}

TEST_F(NcclCalls, AllToAllIsOneGroup) {
  EXPECT_THAT(calls_of([](nccl::Communicator& comm, DeviceStream stream) {
                const cuda::DeviceBuffer<std::byte> out(16);
                const cuda::DeviceBuffer<std::byte> in(16);
                comm.all_to_all(out, in.span(), stream);
                comm.wait(stream);
              }),
              ElementsAre("GroupStart", "Send 8 uint8 peer 0", "Recv 8 uint8 peer 0",
                          "Send 8 uint8 peer 1", "Recv 8 uint8 peer 1", "GroupEnd"));
}

TEST_F(NcclCalls, EmptySpansAreNone) {
  EXPECT_THAT(calls_of([](nccl::Communicator& comm, DeviceStream stream) {
                comm.all_reduce({}, stream);
                comm.broadcast({}, 0, stream);
              }),
              ElementsAre());
}

// With 3 the mean of thirds is not the third of the sum: 1/3 is rounded before.
TEST(NcclCommunicator, MeanByThreeIsOfRoundedFactors) {
  const FakeNccl fake;
  run_local(3, [&](Communicator& host) {
    const cuda::Stream stream;
    nccl::Communicator comm(host, {.timeout_seconds = 20, .library = &fake.library()});
    const float mine = 0.7f + static_cast<float>(host.rank());
    const auto x = to_device(std::vector{mine}, stream);
    comm.all_reduce_mean(x.span(), 3.0f, stream);
    comm.wait(stream);
    const float third = 1.0f / 3.0f;
    EXPECT_EQ(to_host(x.span(), stream).front(), 0.7f * third + 1.7f * third + 2.7f * third);
  });
}

// The graph's second run meets again, with what is in the memory then.
TEST(NcclCommunicator, CallsAreCapturedInGraphs) {
  const FakeNccl fake;
  run_local(2, [&](Communicator& host) {
    const cuda::Stream stream;
    nccl::Communicator comm(host, {.timeout_seconds = 20, .library = &fake.library()});
    EXPECT_TRUE(comm.is_capturable());
    const auto x =
        to_device(std::vector<float>(10, 1.0f + static_cast<float>(host.rank())), stream);
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t run = nullptr;
    cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
    comm.all_reduce(x.span(), stream);
    cudaStreamEndCapture(stream, &graph);
    cudaGraphInstantiate(&run, graph, 0);
    cudaGraphLaunch(run, stream);
    cudaGraphLaunch(run, stream);
    comm.wait(stream);
    EXPECT_EQ(to_host(x.span(), stream), std::vector<float>(10, 6.0f));
    cudaGraphExecDestroy(run);
    cudaGraphDestroy(graph);
  });
}

TEST(NcclCommunicator, StaysOnItsDevice) {
  const FakeNccl fake;
  run_local(1, [&](Communicator& host) {
    nccl::Communicator comm(host, {.timeout_seconds = 20, .library = &fake.library()});
    cuda::use_device(1);
    const cuda::DeviceBuffer<float> x(4);
    EXPECT_EQ(usage_error([&] { comm.all_reduce(x.span(), nullptr); }),
              "all_reduce(4 x float32): the communicator is of device 0, the call of device 1");
    cuda::use_device(0);
  });
}

// NCCL would launch on another thread's stream of that name, and nobody would wait for it.
TEST(NcclCommunicator, RefusesTheStreamOfEachThread) {
  const FakeNccl fake;
  run_local(1, [&](Communicator& host) {
    nccl::Communicator comm(host, {.timeout_seconds = 20, .library = &fake.library()});
    const cuda::DeviceBuffer<float> x(4);
    EXPECT_EQ(usage_error([&] { comm.all_reduce(x.span(), cudaStreamPerThread); }),
              "all_reduce(4 x float32): NCCL cannot use cudaStreamPerThread; make a stream");
  });
}

}  // namespace
}  // namespace pith::test
