// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>

namespace pith::test {
namespace {

using local::LinkEnd;

// Powers of two, so that every time is exact.
constexpr Link kLink{.bytes_per_second = 1024, .burst_bytes = 512, .latency_seconds = 0.25};

TEST(LinkEnd, LetsABurstPassAtOnceAndTheRestAtItsRate) {
  LinkEnd link(kLink);
  EXPECT_EQ(link.pass({512, 0, 0}, 100), 100);
  EXPECT_EQ(link.pass({1024, 0, 0}, 100), 101);
  EXPECT_EQ(link.pass({256, 0, 0}, 101), 101.25);
}

TEST(LinkEnd, SavesUpNoMoreThanABurst) {
  LinkEnd link(kLink);
  EXPECT_EQ(link.pass({512 + 1024, 0, 0}, 100), 101);
  EXPECT_EQ(link.pass({512, 0, 0}, 101.25), 101.5) << "a quarter of a second is worth 256 bytes";
  EXPECT_EQ(link.pass({512 + 1024, 0, 0}, 1000), 1001) << "and a long pause is worth 512";
}

TEST(LinkEnd, WaitsForTheSlowerDirection) {
  LinkEnd link(kLink);
  EXPECT_EQ(link.pass({512 + 1024, 512 + 2048, 0}, 100), 102);
  EXPECT_EQ(link.pass({512, 0, 0}, 102), 102) << "sending had a second to save up";
}

TEST(LinkEnd, AddsTheLatencyOfEveryStepAndIsFreeMeanwhile) {
  LinkEnd link(kLink);
  EXPECT_EQ(link.pass({512 + 1024, 0, 6}, 100), 102.5);
  EXPECT_EQ(link.pass({512, 0, 0}, 101.5), 101.5);
}

TEST(Link, IsRefusedIfItIsNoneAndSaysWhy) {
  const auto refusal = [](const Link& link) -> std::string {
    try {
      run_local(1, [](Communicator&) {}, {.link = link});
    } catch (const UsageError& error) {
      return error.what();
    }
    return "none";
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(refusal({}), "link: bytes_per_second 0, a number of at least 1 expected");
  EXPECT_EQ(refusal({.bytes_per_second = nan}),
            "link: bytes_per_second nan, a number of at least 1 expected");
  EXPECT_EQ(refusal({.bytes_per_second = infinity}),
            "link: bytes_per_second inf, a number of at least 1 expected");
  EXPECT_EQ(refusal({.bytes_per_second = 1, .burst_bytes = -1}),
            "link: burst_bytes -1, a number of at least 0 expected");
  EXPECT_EQ(refusal({.bytes_per_second = 1, .latency_seconds = -1}),
            "link: latency_seconds -1, a number of at least 0 expected");
  EXPECT_EQ(refusal({.bytes_per_second = 1, .burst_bytes = 0}), "none");
}

double seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

using Body = std::function<void(Communicator&)>;

/// The time from the first of 3 ranks that begins `operation` to the last one that ends it.
double seconds_of(const Link& link, const Body& operation) {
  std::mutex mutex;
  double begin = std::numeric_limits<double>::infinity();
  double end = 0;
  run_local(3,
            [&](Communicator& comm) {
              const double mine = seconds(CLOCK_MONOTONIC);
              operation(comm);
              const std::lock_guard lock(mutex);
              begin = std::min(begin, mine);
              end = std::max(end, seconds(CLOCK_MONOTONIC));
            },
            {.link = link});
  return end - begin;
}

std::size_t rank_of(const Communicator& comm) { return static_cast<std::size_t>(comm.rank()); }

// At 100 kB/s, 1 kB at once and 1 ms per step, on 3 ranks.
TEST(LocalLink, GivesEveryOperationTheTimeOfItsBytesAndSteps) {
  constexpr Link kSlow{.bytes_per_second = 100e3, .burst_bytes = 1000, .latency_seconds = 0.001};
  const auto expect = [&](double bytes, double steps, const char* name, const Body& operation) {
    EXPECT_GE(seconds_of(kSlow, operation), (bytes - 1000) / 100e3 + steps * 0.001) << name;
  };
  std::vector<std::vector<float>> x(3, std::vector<float>(750));
  std::vector<std::vector<std::byte>> all(3, std::vector<std::byte>(3000));
  expect(2.0 / 3 * 2 * 3000, 4, "all_reduce",
         [&](Communicator& comm) { comm.all_reduce(x[rank_of(comm)]); });
  expect(2.0 / 3 * 3000, 2, "reduce_scatter", [&](Communicator& comm) {
    std::vector<float> out(250);
    comm.reduce_scatter(std::span<const float>(x[rank_of(comm)]), out);
  });
  expect(2 * 1000, 2, "all_gather", [&](Communicator& comm) {
    comm.all_gather(std::vector<std::byte>(1000), all[rank_of(comm)]);
  });
  // Rank 0 has nothing to send and waits for the other two, of which rank 2 has the most.
  expect(2 * 2500, 2, "all_gather_v", [&](Communicator& comm) {
    const std::vector<std::size_t> sizes{0, 500, 2500};
    comm.all_gather_v(std::vector<std::byte>(sizes[rank_of(comm)]), sizes, all[rank_of(comm)]);
  });
  expect(2 * 1000, 2, "all_to_all", [&](Communicator& comm) {
    comm.all_to_all(std::vector<std::byte>(3000), all[rank_of(comm)]);
  });
  expect(2 * 3000, 2, "broadcast",
         [&](Communicator& comm) { comm.broadcast(all[rank_of(comm)], 1); });
  expect(1000, 2, "barrier", [](Communicator& comm) { comm.barrier(); });
}

// 5 x 2000 bytes less a burst.
TEST(LocalLink, GivesOperationsInARowTheTimeOfAllTheirBytes) {
  constexpr Link kSlow{.bytes_per_second = 200e3, .burst_bytes = 1000};
  EXPECT_GE(seconds_of(kSlow,
                       [](Communicator& comm) {
                         std::vector<float> x(375);
                         for (int i = 0; i < 5; ++i) comm.all_reduce(x);
                       }),
            (5 * 2000 - 1000) / 200e3);
}

TEST(LocalLink, IsSharedByThePartsOfASplit) {
  constexpr Link kSlow{.bytes_per_second = 200e3, .burst_bytes = 2000};
  EXPECT_GE(seconds_of(kSlow,
                       [](Communicator& comm) {
                         const auto part = comm.split(0, 0);
                         std::vector<float> x(750);
                         part->all_reduce(x);
                         comm.all_reduce(x);
                         comm.split(0, 0)->all_reduce(x);
                       }),
            (3 * 4000 - 2000) / 200e3);
}

TEST(LocalLink, LetsRanksSleep) {
  constexpr Link kSlow{.bytes_per_second = 10e3, .burst_bytes = 0};
  run_local(2,
            [](Communicator& comm) {
              const double before = seconds(CLOCK_THREAD_CPUTIME_ID);
              std::vector<float> x(250);
              comm.all_reduce(x);
              EXPECT_LT(seconds(CLOCK_THREAD_CPUTIME_ID) - before, 0.1 * 1000 / 10e3);
            },
            {.link = kSlow});
}

/// What 3 ranks hold after a sum that depends on its order.
std::vector<std::vector<float>> sums(const LocalOptions& options) {
  std::vector<std::vector<float>> all(3);
  run_local(
      3,
      [&](Communicator& comm) {
        std::vector<float> x(1001);
        for (std::size_t i = 0; i < x.size(); ++i) {
          x[i] = 1.0f / static_cast<float>(3 * i + rank_of(comm) + 1);
        }
        comm.all_reduce(x);
        all[rank_of(comm)] = x;
      },
      options);
  return all;
}

TEST(LocalLink, LeavesResultsAsTheyAre) {
  EXPECT_EQ(sums({.link = Link{.bytes_per_second = 1e6}}), sums({}));
}

}  // namespace
}  // namespace pith::test
