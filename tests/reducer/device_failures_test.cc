// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include <pith/core/error.h>

#include "device_rank.h"

// What becomes of ranks of which one has no memory left on its device, or no device any more.
namespace pith::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kSteps = 3;

/// Estimates of two ranks, tensor by tensor, step after step.
using History = std::array<std::vector<std::vector<std::vector<float>>>, 2>;

struct Outcome {
  History estimates;
  bool failed = false;
};

/// Steps of which number `limited` is first tried with so many bytes left on the device of rank 1.
Outcome steps_of(const Travel& travel, int limited, std::size_t bytes) {
  Outcome outcome;
  run_local(2, [&](Communicator& communicator) {
    DeviceRank rank(communicator, travel);
    auto& mine = outcome.estimates[static_cast<std::size_t>(rank.rank())];
    for (int step = 0; step < kSteps; ++step) {
      rank.load(step);
      if (rank.rank() == 1 && step == limited) rank.limit(bytes);
      rank.barrier();
      const bool overlapped = step % 2 == 0;
      const std::string problem = rank.step(overlapped);
      rank.limit(emulation::kNoLimit);
      if (!problem.empty()) {
        EXPECT_EQ(step, limited);
        EXPECT_THAT(problem, AllOf(HasSubstr("rank 1: "), HasSubstr("out of memory")));
        if (rank.rank() == 0) outcome.failed = true;
        EXPECT_EQ(rank.step(overlapped), "");
      }
      mine.push_back(rank.estimates());
    }
  });
  return outcome;
}

/// However little there is, as if there had been enough: up to where there is.
void expect_no_trace(const Travel& travel, int limited) {
  const History expected = steps_of(travel, -1, 0).estimates;
  int failures = 0;
  for (std::size_t bytes = 16;; bytes *= 8) {
    const Outcome outcome = steps_of(travel, limited, bytes);
    EXPECT_EQ(outcome.estimates, expected)
        << travel.one.compressor << " with " << bytes << " bytes";
    if (!outcome.failed) break;
    ++failures;
  }
  EXPECT_GT(failures, 0) << travel.one.compressor;
}

TEST(DeviceFailures, WithoutMemoryToBuildWithAllRanksAreToldAndNothingIsHalfDone) {
  expect_no_trace({{"topk(density=0.1)", "ef21", "sharded"}, Way::devices}, 0);
  expect_no_trace({{"onebit", "ef14"}, Way::host}, 0);
  expect_no_trace({{"none@2,onebit", "ef14", "gather"}, Way::devices}, 2);
  expect_no_trace({{"none@2,randomk(density=0.1)", "ef21"}, Way::host}, 2);
  // The second compressor begins where the first one was.
  expect_no_trace({{"lowrank(rank=2)@2,lowrank(rank=3)", "ef14"}, Way::devices}, 2);
  expect_no_trace({{"lowrank(rank=2)@2,lowrank(rank=3)", "ef14"}, Way::host}, 2);
}

// It is taken when a policy looks for the first time.
TEST(DeviceFailures, WithoutMemoryForWhatAPolicyLooksAtTheStepCountsNowhere) {
  const Case one{"adaptive(topk(density=0.4),every=4,steps=1)", "ef14", "gather"};
  for (const Way way : {Way::host, Way::node, Way::devices}) {
    std::vector<std::vector<std::vector<float>>> expected(4);
    for (const bool limited : {false, true}) {
      run_ranks(way, [&](Communicator& communicator) {
        DeviceRank rank(communicator, {one, way});
        rank.reducer().device_states();
        rank.load(0);
        rank.barrier();
        if (limited && rank.rank() % 2 == 1) rank.limit(0);
        EXPECT_TRUE(!limited || rank.step(false).starts_with("DeviceError: "));
        rank.limit(emulation::kNoLimit);
        rank.barrier();
        EXPECT_EQ(rank.step(false), "");
        auto& estimates = expected[static_cast<std::size_t>(rank.rank())];
        EXPECT_TRUE(!limited || rank.estimates() == estimates);
        estimates = rank.estimates();
      });
    }
  }
}

/// A device that fails: in every collective, or the next time that it is waited for.
class Failing final : public DeviceCommunicator {
 public:
  explicit Failing(Communicator& host) : good_(host) {}

  bool in_collectives = false;
  bool in_wait = false;

  int rank() const override { return good_.rank(); }
  int size() const override { return good_.size(); }
  bool is_capturable() const override { return false; }
  void wait(DeviceStream stream) override {
    if (std::exchange(in_wait, false)) fail("cudaStreamSynchronize");
    good_.wait(stream);
  }

 private:
  [[noreturn]] static void fail(const char* call) {
    throw DeviceError(std::string(call) + ": gone");
  }
  DeviceCommunicator& good() {
    if (in_collectives) fail("cudaLaunchKernelEx");
    return good_;
  }

  void do_all_reduce(DeviceSpan<float> x, DeviceStream stream) override {
    good().all_reduce(x, stream);
  }
  void do_all_reduce_mean(DeviceSpan<std::byte> x, ElementType, float divisor,
                          DeviceStream stream) override {
    good().all_reduce_mean(
        DeviceSpan<float>(reinterpret_cast<float*>(x.data()), x.size() / sizeof(float)), divisor,
        stream);
  }
  void do_reduce_scatter(DeviceSpan<const float> x, DeviceSpan<float> out,
                         DeviceStream stream) override {
    good().reduce_scatter(x, out, stream);
  }
  void do_all_gather(DeviceSpan<const std::byte> mine, DeviceSpan<std::byte> all,
                     DeviceStream stream) override {
    good().all_gather(mine, all, stream);
  }
  void do_all_to_all(DeviceSpan<const std::byte> out, DeviceSpan<std::byte> in,
                     DeviceStream stream) override {
    good().all_to_all(out, in, stream);
  }
  void do_broadcast(DeviceSpan<std::byte> x, int root, DeviceStream stream) override {
    good().broadcast(x, root, stream);
  }

  StagedCommunicator good_;
};

// At once, where it happens; the others learn of it by what becomes of the communication.
TEST(DeviceFailures, ADeviceThatFailsInAnExchangeEndsTheCommunication) {
  for (const Way way : {Way::devices, Way::node}) {
    std::vector<std::string> errors(4);
    const auto body = [&](Communicator& communicator) {
      const auto node = communicator.split_node();
      Failing failing(way == Way::node ? *node : communicator);
      DeviceRank rank(communicator, {{"onebit", "ef14", "gather"}, way}, 0, &failing);
      failing.in_collectives = communicator.rank() == 1;
      rank.load(0);
      try {
        rank.step(false);
      } catch (const TransportError& error) {
        errors[static_cast<std::size_t>(rank.rank())] = error.what();
        throw;
      }
    };
    EXPECT_THROW(run_ranks(way, body), TransportError);
    EXPECT_THAT(errors[1], testing::AllOf(HasSubstr("a device failed in the middle"),
                                          HasSubstr("cudaLaunchKernelEx: gone")));
    EXPECT_THAT(errors[0], HasSubstr("failed: "));
  }
}

// Before the first collective there is time to tell the others.
TEST(DeviceFailures, ADeviceThatFailsBeforeAnExchangeFailsTheStepOnAllRanks) {
  for (const Way way : {Way::devices, Way::node}) {
    for (const double clip : {0.0, 3.0}) {
      run_ranks(way, [&](Communicator& communicator) {
        const auto node = communicator.split_node();
        Failing failing(way == Way::node ? *node : communicator);
        DeviceRank rank(communicator, {{"onebit", "ef14", "gather"}, way}, clip, &failing);
        rank.load(0);
        EXPECT_EQ(rank.step(false), "");
        rank.load(1);
        failing.in_wait = communicator.rank() == 1;
        EXPECT_THAT(rank.step(false), AllOf(HasSubstr("DeviceError: "), HasSubstr("rank 1: "),
                                            HasSubstr("cudaStreamSynchronize: gone")));
        EXPECT_EQ(rank.step(false), "");
      });
    }
  }
}

}  // namespace
}  // namespace pith::test
