// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <pith/core/hash.h>
#include <pith/core/random.h>
#include <pith/mpi/communicator.h>
#include <pith/reducer/reducer.h>

namespace pith::test {
namespace {

constexpr std::size_t kElements = 6000;

std::vector<float> gradient(std::uint64_t tensor, std::uint64_t step, int rank) {
  const Random random({.tensor = tensor, .step = step, .rank = static_cast<std::uint32_t>(rank)});
  const double scale = tensor == 1 && rank == 3 ? 40 : 1;  // one rank's data are others
  std::vector<float> x(kElements);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(scale * random.normal(i));
  return x;
}

/// Digests of rank 0's bytes and of this rank's, which must be equal.
void expect_same(Communicator& communicator, std::uint64_t digest) {
  std::vector<std::uint64_t> all(static_cast<std::size_t>(communicator.size()));
  communicator.all_gather(std::as_bytes(std::span(&digest, 1)),
                          std::as_writable_bytes(std::span(all)));
  EXPECT_EQ(std::ranges::count(all, all.front()), std::ssize(all));
}

// One rank's gradients are larger by far, one is late: all choose alike and stay replicas.
TEST(Lgreco, E5AllProcessesHoldOneDecision) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  for (const char* family : {"topk(density=0.02)", "lowrank(rank=2)", "quantize(bits=4)"}) {
    Reducer reducer(communicator,
                    {.compressor = std::string("adaptive(") + family + ",every=8,steps=3)"});
    for (const char* name : {"a", "b", "c"}) reducer.add(name, {60, kElements / 60});
    std::string decided;
    for (std::uint64_t step = 0; step < 18; ++step) {
      if (communicator.rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      std::vector<std::vector<float>> x;
      for (std::uint64_t t = 0; t < 3; ++t) x.push_back(gradient(t, step, communicator.rank()));
      reducer.begin();
      for (std::size_t t = 3; t-- > 0;)
        reducer.push(std::string(1, char('a' + t)), std::span(x[t]));
      ASSERT_TRUE(reducer.wait().committed);
      for (const auto& gradient : x) {
        expect_same(communicator, hash(std::as_bytes(std::span(gradient))));
      }
    }
    const Statistics statistics = reducer.statistics();
    ASSERT_EQ(statistics.adaptive.size(), 1u);
    EXPECT_EQ(statistics.adaptive[0].decisions.size(), 3u);
    for (const AdaptiveDecision& decision : statistics.adaptive[0].decisions) {
      for (const std::string& compressor : decision.compressors) decided += compressor + '\n';
    }
    expect_same(communicator, hash(decided));
  }
}

}  // namespace
}  // namespace pith::test
