// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/mpi/communicator.h>
#include <pith/reducer/reducer.h>

#include "support/exchange/trajectory.h"

// The node stage between processes: what it does to a trainer is tested with threads.
namespace pith::test {
namespace {

constexpr std::size_t kElements = 1998;

struct Way {
  const char* compressor;
  const char* feedback;
  const char* exchange;
};

constexpr Way kWays[] = {{"topk(density=0.05)", "ef14", "gather"},
                         {"topk(density=0.05)", "ef14", "sparse"},
                         {"quantize(bits=4)", "econtrol(eta=0.2)", "sharded"},
                         {"onebit", "ef21", "sharded"}};

ReducerOptions options_of(const Way& way, const std::string& node, int rank) {
  return {.compressor = way.compressor,
          .feedback = way.feedback,
          .exchange = way.exchange,
          .bucket_bytes = 4096,
          .node = node,
          .node_color = rank % 2};
}

/// Some steps of one rank, overlapped or not.
std::vector<float> estimates(Communicator& communicator, const ReducerOptions& options,
                             bool begin) {
  set_log_level(LogLevel::none);
  Reducer reducer(communicator, options);
  reducer.add("w", nearly_square(kElements));
  reducer.add("v", {41, 50});
  std::vector<float> all;
  for (std::uint64_t t = 0; t < 5; ++t) {
    auto w = gradient<float>(kElements, t, communicator.rank());
    auto v = gradient<float>(2050, t + 50, communicator.rank());
    if (begin) reducer.begin();
    reducer.push("v", std::span(v));
    reducer.push("w", std::span(w));
    EXPECT_TRUE(reducer.wait().committed);
    all.insert(all.end(), w.begin(), w.end());
    all.insert(all.end(), v.begin(), v.end());
  }
  return all;
}

/// The same on a rank of as many threads.
std::vector<float> estimates_of_threads(int ranks, int rank, const Way& way,
                                        const std::string& node) {
  std::vector<float> found;
  run_local(ranks, [&](Communicator& local) {
    const auto x = estimates(local, options_of(way, node, local.rank()), false);
    if (local.rank() == rank) found = x;
  });
  return found;
}

// Node sums and messages are summed in rank order, so that processes and threads give one result.
TEST(MpiNodeStage, GivesTheBitsThatThreadsGive) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  const int rank = communicator.rank();
  for (const Way& way : kWays) {
    for (const char* const node : {"2", "given", "shared"}) {
      const auto expected = estimates_of_threads(communicator.size(), rank, way, node);
      const ReducerOptions options = options_of(way, node, rank);
      EXPECT_EQ(estimates(communicator, options, false), expected) << way.exchange << " " << node;
      EXPECT_EQ(estimates(communicator, options, true), expected) << way.exchange << " " << node;
    }
  }
}

TEST(MpiNodeStage, ProcessesOfOneMachineAreOneNode) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  const auto node = communicator.split_node();
  EXPECT_EQ(node->size(), communicator.size());
  EXPECT_EQ(node->rank(), communicator.rank());
}

TEST(MpiNodeStage, ANanOfTheLastRankSkipsTheStepOnAll) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  set_log_level(LogLevel::none);
  Reducer reducer(communicator, options_of(kWays[0], "given", communicator.rank()));
  reducer.add("w", {40, 40});
  for (std::uint64_t t = 0; t < 4; ++t) {
    auto x = gradient<float>(1600, t, communicator.rank());
    const bool bad = t % 2 == 1;
    if (bad && communicator.rank() == communicator.size() - 1) x[7] = std::nanf("");
    const std::uint64_t before = hash(state_bytes<float>(reducer));
    EXPECT_EQ(step(reducer, x).committed, !bad);
    // An owner of nothing, and a rank of the only node, have no state that could change.
    if (!bad) continue;
    EXPECT_EQ(hash(state_bytes<float>(reducer)), before);
  }
}

TEST(MpiNodeStage, RanksThatDisagreeAreTold) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  if (communicator.size() == 1) return;
  Reducer reducer(communicator, {.node = communicator.rank() == 0 ? "shared" : "2"});
  reducer.add("w", {4});
  std::vector<float> x(4);
  EXPECT_THAT(
      [&] { step(reducer, x); },
      testing::ThrowsMessage<UsageError>(testing::HasSubstr("\"node=shared\", rank 1 \"node=2\"")));
}

}  // namespace
}  // namespace pith::test
