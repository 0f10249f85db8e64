// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>

namespace pith::test {
namespace {

using Body = std::function<void(Communicator&)>;

/// The message of the E that `body` throws, or why there is none.
template <class E, class Call>
std::string message(const Call& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another exception: ") + error.what();
  }
  return "no exception";
}

/// Runs `call` on 3 ranks: all must get the same UsageError, and the next operation must work.
std::string usage_error_on_all(const Body& call) {
  std::vector<std::string> messages(3);
  run_local(3, [&](Communicator& comm) {
    messages[static_cast<std::size_t>(comm.rank())] = message<UsageError>([&] { call(comm); });
    std::vector<float> x{1.0f};
    comm.all_reduce(x);
    EXPECT_EQ(x[0], 3.0f);
    EXPECT_EQ(comm.wire_bytes(), 6u);
  });
  EXPECT_EQ(messages[1], messages[0]);
  EXPECT_EQ(messages[2], messages[0]);
  return messages[0];
}

TEST(RunLocal, NeedsARank) {
  EXPECT_EQ(message<UsageError>([] { run_local(0, [](Communicator&) {}); }),
            "run_local: 0 ranks, at least 1 expected");
}

// In another order, or pairwise, 1e8 swallows the ones.
TEST(RunLocal, SumsInRankOrder) {
  const float parts[] = {1.0f, 1e8f, -1e8f, 1.0f, 1.0f};
  float expected = 0;
  for (const float part : parts) expected += part;
  run_local(5, [&](Communicator& comm) {
    std::vector<float> x(11, parts[comm.rank()]);
    std::vector<float> block(
        static_cast<std::size_t>(comm.rank() == 0 ? 2 : 2 + (comm.rank() == 4)));
    comm.reduce_scatter(std::span<const float>(x), block);
    EXPECT_THAT(block, testing::Each(expected));
    comm.all_reduce(x);
    EXPECT_THAT(x, testing::Each(expected));
  });
}

TEST(RunLocal, KeepsTheSignOfZero) {
  run_local(2, [](Communicator& comm) {
    std::vector<double> x(3, -0.0);
    comm.all_reduce(x);
    for (const double value : x) EXPECT_TRUE(std::signbit(value));
  });
}

TEST(RunLocal, RefusesDifferentOperationsOnAllRanks) {
  EXPECT_EQ(usage_error_on_all([](Communicator& comm) {
              std::vector<float> x(1000);
              std::vector<std::byte> all(3);
              if (comm.rank() != 2) return comm.all_reduce(x);
              comm.all_gather(std::vector<std::byte>(1), all);
            }),
            "all_gather(1 1 1 bytes) on rank 2, all_reduce(1000 x float32) on rank 0: "
            "the calls do not fit");
}

TEST(RunLocal, RefusesDifferentSizesOnAllRanks) {
  EXPECT_EQ(usage_error_on_all([](Communicator& comm) {
              std::vector<double> x(comm.rank() == 1 ? 7 : 8);
              comm.all_reduce(x);
            }),
            "all_reduce(7 x float64) on rank 1, all_reduce(8 x float64) on rank 0: "
            "the calls do not fit");
  EXPECT_EQ(usage_error_on_all([](Communicator& comm) {
              std::vector<float> x(comm.rank() == 1 ? 6 : 3);
              std::vector<float> out(x.size() / 3);
              comm.reduce_scatter(std::span<const float>(x), out);
            }),
            "reduce_scatter(6 x float32) on rank 1, reduce_scatter(3 x float32) on rank 0: "
            "the calls do not fit");
}

TEST(RunLocal, RefusesDifferentTypesOfTheSameSize) {
  EXPECT_EQ(usage_error_on_all([](Communicator& comm) {
              std::vector<float> x(8);
              std::vector<double> y(4);
              if (comm.rank() == 1) return comm.all_reduce(y);
              comm.all_reduce(x);
            }),
            "all_reduce(4 x float64) on rank 1, all_reduce(8 x float32) on rank 0: "
            "the calls do not fit");
}

TEST(RunLocal, RefusesDifferentRoots) {
  EXPECT_EQ(usage_error_on_all([](Communicator& comm) {
              std::vector<std::byte> x(16);
              comm.broadcast(x, comm.rank() == 2 ? 1 : 0);
            }),
            "broadcast(16 bytes from rank 1) on rank 2, broadcast(16 bytes from rank 0) on rank 0: "
            "the calls do not fit");
}

TEST(RunLocal, RefusesGatheredSizesThatDiffer) {
  EXPECT_EQ(usage_error_on_all([](Communicator& comm) {
              std::vector<std::size_t> sizes{2, 2, 2};
              if (comm.rank() == 1) sizes = {1, 2, 3};
              std::vector<std::byte> all(6);
              comm.all_gather_v(std::vector<std::byte>(2), sizes, all);
            }),
            "all_gather(1 2 3 bytes) on rank 1, all_gather(2 2 2 bytes) on rank 0: "
            "the calls do not fit");
}

TEST(RunLocal, RefusesBlocksThatTheReceiverDoesNotExpect) {
  EXPECT_EQ(usage_error_on_all([](Communicator& comm) {
              const std::vector<std::size_t> out_sizes{1, 1, 1};
              std::vector<std::size_t> in_sizes{1, 1, 1};
              if (comm.rank() == 2) in_sizes[0] = 5;
              std::vector<std::byte> in(comm.rank() == 2 ? 7 : 3);
              comm.all_to_all_v(std::vector<std::byte>(3), out_sizes, in, in_sizes);
            }),
            "all_to_all(1 1 1 bytes) on rank 0 sends 1 bytes to rank 2, "
            "all_to_all(1 1 1 bytes) on rank 2 expects 5");
}

TEST(RunLocal, RefusesSplitAgainstAnotherOperation) {
  EXPECT_EQ(usage_error_on_all([](Communicator& comm) {
              if (comm.rank() == 0) return comm.barrier();
              comm.split(0, 0);
            }),
            "split on rank 1, barrier on rank 0: the calls do not fit");
}

/// Runs 3 ranks of which rank 1 leaves by `leave`, and returns what the others get.
std::vector<std::string> transport_errors(const std::function<void()>& leave) {
  std::vector<std::string> messages(3);
  run_local(3, [&](Communicator& comm) {
    if (comm.rank() == 1) return leave();
    auto& mine = messages[static_cast<std::size_t>(comm.rank())];
    std::vector<double> x(2);
    mine = message<TransportError>([&] { comm.all_reduce(x); });
    EXPECT_EQ(message<TransportError>([&] { comm.all_reduce(x); }), mine) << "still dead";
  });
  return messages;
}

TEST(RunLocal, TellsWaitingRanksThatOneHasEnded) {
  const auto messages = transport_errors([] {});
  EXPECT_EQ(messages[0], "all_reduce(2 x float64) on rank 0: rank 1 has ended");
  EXPECT_EQ(messages[2], "all_reduce(2 x float64) on rank 2: rank 1 has ended");
}

TEST(RunLocal, TellsWaitingRanksWhyOneFailedAndThrowsTheSame) {
  std::vector<std::string> messages;
  EXPECT_EQ(message<std::out_of_range>([&] {
              run_local(3, [&](Communicator& comm) {
                if (comm.rank() == 1) throw std::out_of_range("no such layer");
                const auto text = message<TransportError>([&] { comm.barrier(); });
                EXPECT_EQ(text, "barrier on rank " + std::to_string(comm.rank()) +
                                    ": rank 1 failed: no such layer");
              });
            }),
            "no such layer");
}

// The ranks that wait in vain leave in turn: what counts is who left first.
TEST(RunLocal, ThrowsTheFirstExceptionOfAll) {
  EXPECT_EQ(message<std::runtime_error>([] {
              run_local(7, [](Communicator& comm) {
                std::vector<float> x(100);
                for (int step = 0; step < 10; ++step) {
                  if (comm.rank() == 5 && step == 7) throw std::runtime_error("boom");
                  comm.all_reduce(x);
                }
              });
            }),
            "boom");
}

TEST(RunLocal, PassesOnExceptionsOfAnyType) {
  EXPECT_THROW(run_local(2,
                         [](Communicator& comm) {
                           if (comm.rank() == 0) throw 77;
                           EXPECT_EQ(message<TransportError>([&] { comm.barrier(); }),
                                     "barrier on rank 1: rank 0 failed: unknown exception");
                         }),
               int);
}

TEST(RunLocal, TellsPartsOfASplitThatARankHasLeft) {
  run_local(4, [](Communicator& comm) {
    const auto part = comm.split(comm.rank() / 2, 0);
    if (comm.rank() == 3) return;
    const auto text = message<TransportError>([&] { part->barrier(); });
    EXPECT_EQ(text, comm.rank() == 2 ? "barrier on rank 0: rank 1 has ended" : "no exception");
  });
}

TEST(RunLocal, LetsRanksEndAtDifferentTimes) {
  run_local(4, [](Communicator& comm) {
    const auto part = comm.split(comm.rank() == 0 ? 1 : 0, 0);
    for (int step = 0; step < 100 && comm.rank() != 0; ++step) part->barrier();
  });
}

// Parts keep to the nodes of the whole.
TEST(RunLocal, GivesEveryNodeSoManyRanks) {
  const auto expect_sizes = [](int ranks_per_node, const std::vector<int>& sizes) {
    run_local(5,
              [&](Communicator& comm) {
                const auto node = comm.split_node();
                EXPECT_EQ(node->size(), sizes[static_cast<std::size_t>(comm.rank())]);
                const auto reversed = comm.split(0, -comm.rank());
                EXPECT_EQ(reversed->split_node()->size(), node->size());
                EXPECT_EQ(node->split_node()->size(), node->size());
              },
              {.ranks_per_node = ranks_per_node});
  };
  expect_sizes(0, {5, 5, 5, 5, 5});
  expect_sizes(2, {2, 2, 2, 2, 1});
  expect_sizes(9, {5, 5, 5, 5, 5});
  EXPECT_EQ(message<UsageError>([] { run_local(1, [](Communicator&) {}, {.ranks_per_node = -1}); }),
            "run_local: -1 ranks per node");
}

// Over the link, a byte per second, this would take weeks.
TEST(RunLocal, LetsRanksOfANodeMeetInMemory) {
  run_local(2,
            [](Communicator& comm) {
              std::vector<double> x(200'000, 1.0);
              comm.split_node()->all_reduce(x);
              EXPECT_THAT(x, testing::Each(2.0));
            },
            {.link = Link{.bytes_per_second = 1}, .ranks_per_node = 2});
}

TEST(RunLocal, RunsInsideItself) {
  run_local(2, [](Communicator& outer) {
    run_local(3, [&](Communicator& inner) { EXPECT_EQ(inner.size(), 3); });
    outer.barrier();
  });
}

}  // namespace
}  // namespace pith::test
