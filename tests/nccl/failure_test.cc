// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <latch>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/nccl/communicator.h>

#include "nccl/fake.h"
#include "support/device.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

using testing::StartsWith;

// What the TransportError says that `body` throws; empty if it throws none.
std::string transport_error(const std::function<void()>& body) {
  try {
    body();
  } catch (const TransportError& error) {
    return error.what();
  }
  return {};
}

class NcclFailure : public testing::Test {
 public:
  using Body = std::function<void(nccl::Communicator&, DeviceStream)>;

  // What each rank's `body` throws. Ranks stay until all are through with it.
  std::vector<std::string> errors_of(int ranks, const Body& body) {
    std::vector<std::string> errors(static_cast<std::size_t>(ranks));
    std::latch all_are_through(ranks);
    run_local(ranks, [&](Communicator& host) {
      const cuda::Stream stream;
      nccl::Communicator comm(host, {.timeout_seconds = 0.2, .library = &fake.library()});
      errors[static_cast<std::size_t>(comm.rank())] = transport_error([&] { body(comm, stream); });
      all_are_through.arrive_and_wait();
      EXPECT_THAT(transport_error([&] { comm.wait(stream); }),
                  StartsWith("wait: the communicator of rank "));
      EXPECT_THAT(transport_error([&] { comm.check(); }), testing::HasSubstr("was aborted"));
      EXPECT_EQ(fake.calls(comm.rank()).back(), "CommAbort");
    });
    return errors;
  }

  FakeNccl fake;
};

void all_reduce(nccl::Communicator& comm, DeviceStream stream) {
  const cuda::DeviceBuffer<float> x(7);
  cuda::clear(x.span(), stream);
  comm.all_reduce(x.span(), stream);
  comm.wait(stream);
}

TEST_F(NcclFailure, OfOneRankIsToldThereAndTheOthersRunIntoTheirDeadlines) {
  std::latch it_has_failed(1);
  const auto errors = errors_of(3, [&](nccl::Communicator& comm, DeviceStream stream) {
    if (comm.rank() != 1) {
      it_has_failed.wait();
      return all_reduce(comm, stream);
    }
    const cuda::DeviceBuffer<float> x(7);
    comm.all_reduce(x.span(), stream);
    fake.fail(1);
    it_has_failed.count_down();
    comm.wait(stream);
  });
  EXPECT_EQ(errors[1], "wait behind all_reduce(7 x float32) on rank 1: NCCL: a peer has failed");
  for (const int rank : {0, 2}) {
    EXPECT_EQ(errors[static_cast<std::size_t>(rank)],
              "wait behind all_reduce(7 x float32) on rank " + std::to_string(rank) +
                  ": NCCL: it has not ended within 0.2 seconds");
  }
}

TEST_F(NcclFailure, IsFoundByACheckToo) {
  const auto errors = errors_of(1, [&](nccl::Communicator& comm, DeviceStream) {
    comm.check();
    fake.fail(0);
    comm.check();
  });
  EXPECT_EQ(errors[0], "ncclCommInitRankConfig on rank 0: NCCL: a peer has failed");
}

TEST_F(NcclFailure, ARankThatNeverComesIsWaitedForUntilTheDeadline) {
  const auto errors = errors_of(2, [&](nccl::Communicator& comm, DeviceStream stream) {
    if (comm.rank() == 0) return all_reduce(comm, stream);
    comm.abort();
    throw TransportError("gone");
  });
  EXPECT_EQ(errors[0],
            "wait behind all_reduce(7 x float32) on rank 0: NCCL: it has not ended within 0.2 "
            "seconds");
}

TEST_F(NcclFailure, CallsThatDoNotFitAreToldToAll) {
  const auto errors = errors_of(2, [&](nccl::Communicator& comm, DeviceStream stream) {
    const cuda::DeviceBuffer<float> x(8);
    const auto n = static_cast<std::size_t>(7 + comm.rank());
    comm.all_reduce(x.span().first(n), stream);
    comm.wait(stream);
  });
  for (const std::string& error : errors) EXPECT_THAT(error, testing::HasSubstr("do not fit"));
}

TEST_F(NcclFailure, EndsAllThatFollows) {
  const auto errors = errors_of(1, [](nccl::Communicator& comm, DeviceStream stream) {
    comm.abort();
    all_reduce(comm, stream);
  });
  EXPECT_EQ(errors[0], "all_reduce(7 x float32): the communicator of rank 0 was aborted");
}

TEST_F(NcclFailure, WhileRanksJoinIsATransportErrorToo) {
  EXPECT_EQ(transport_error([&] {
              const nccl::Options options{.timeout_seconds = 0.1, .library = &fake.library()};
              nccl::Communicator(nccl::make_unique_id(options), 0, 2, options);
            }),
            "ncclCommInitRankConfig on rank 0: NCCL: it has not ended within 0.1 seconds");
  EXPECT_EQ(fake.calls(0).back(), "CommAbort");
}

// Its peers may be anywhere: there is nobody to end the communicator with.
TEST_F(NcclFailure, AnExceptionOnItsWayAborts) {
  EXPECT_THROW(run_local(1,
                         [&](Communicator& host) {
                           const nccl::Communicator comm(
                               host, {.timeout_seconds = 20, .library = &fake.library()});
                           throw UsageError("elsewhere");
                         }),
               UsageError);
  EXPECT_EQ(fake.calls(0).back(), "CommAbort");
}

TEST_F(NcclFailure, OfOneRankToBeginIsAUsageErrorOnAll) {
  fake.lose_network();
  EXPECT_EQ(
      usage_error_of(
          3, [&](Communicator& host) { nccl::Communicator(host, {.library = &fake.library()}); }),
      "nccl::Communicator: rank 0: ncclGetUniqueId: no network");
}

TEST_F(NcclFailure, DeadlineComesFromTheEnvironment) {
  setenv("PITH_TIMEOUT_SECONDS", "soon", 1);
  EXPECT_THAT(usage_error([&] { nccl::Communicator({}, 0, 1, {.library = &fake.library()}); }),
              StartsWith("PITH_TIMEOUT_SECONDS must be a whole number"));
  unsetenv("PITH_TIMEOUT_SECONDS");
}

}  // namespace
}  // namespace pith::test
