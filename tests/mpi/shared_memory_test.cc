// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <gmock/gmock.h>

#include <pith/core/error.h>
#include <pith/mpi/communicator.h>
#include <pith/mpi/mean_in_memory.h>

#include "core/variable.h"

namespace pith::test {
namespace {

using mpi::SharedMemory;

int rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

int ranks() {
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  return ranks;
}

template <Element T>
std::vector<T> brought_by(int rank, std::size_t n) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<T>(std::sin(static_cast<double>(i) + 0.1 * rank));
  }
  return x;
}

// Rounded after each rank, in rank order, whatever the number of ranks and of slots.
template <Element T>
void expect_sums_in_rank_order(SharedMemory& memory) {
  constexpr std::size_t kSlot = SharedMemory::kSlotBytes / sizeof(T);
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{1025}, kSlot - 1, kSlot,
                              kSlot + 1, 5 * kSlot + 3}) {
    auto x = brought_by<T>(rank(), n);
    mean_in_memory<T>(memory, x, T(3));
    auto mean = brought_by<T>(0, n);
    for (int r = 1; r < ranks(); ++r) {
      const auto theirs = brought_by<T>(r, n);
      for (std::size_t i = 0; i < n; ++i) mean[i] += theirs[i];
    }
    for (T& value : mean) value /= T(3);
    EXPECT_EQ(x, mean) << n;
  }
}

TEST(SharedMemory, SumsInRankOrder) {
  const auto memory = SharedMemory::open(MPI_COMM_WORLD);
  if (!memory) GTEST_SKIP() << "one rank, or no room in /dev/shm";
  expect_sums_in_rank_order<float>(*memory);
  expect_sums_in_rank_order<double>(*memory);
}

TEST(SharedMemory, IsLeftAloneIfOneRankRefusesIt) {
  const Variable variable("PITH_SHARED_MEMORY", rank() + 1 == ranks() ? "off" : nullptr);
  EXPECT_EQ(SharedMemory::open(MPI_COMM_WORLD), nullptr);
  mpi::Communicator communicator(MPI_COMM_WORLD);
  std::vector<float> x(1000, 6.0f);
  communicator.all_reduce_mean(x, static_cast<float>(ranks()));
  EXPECT_EQ(x, std::vector<float>(1000, 6.0f));
}

TEST(SharedMemory, ThatIsNeitherOnNorOffIsAnErrorOnAllRanks) {
  const Variable variable("PITH_SHARED_MEMORY", rank() == 0 ? "yes" : "on");
  mpi::Communicator communicator(MPI_COMM_WORLD);
  std::vector<float> x(3);
  EXPECT_THAT([&] { communicator.all_reduce_mean(x, 1.0f); },
              testing::ThrowsMessage<UsageError>(testing::HasSubstr("must be on or off")));
}

TEST(SharedMemory, TellsRanksThatBringOtherSizesOrTypes) {
  if (ranks() == 1) return;
  mpi::Communicator communicator(MPI_COMM_WORLD);
  std::vector<double> x(rank() == 0 ? 70 : 7);
  std::vector<float> y(7);
  EXPECT_THAT(
      [&] {
        rank() == 1 ? communicator.all_reduce_mean(y, 1.0f) : communicator.all_reduce_mean(x, 1.0);
      },
      testing::ThrowsMessage<TransportError>(testing::HasSubstr("bytes are left, on rank")));
}

// Ranks meet thousands of times, however the machine runs them.
TEST(SharedMemory, ServesManyTurns) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  std::vector<float> x(17);
  for (int turn = 0; turn < 3000; ++turn) {
    x.assign(x.size(), static_cast<float>(turn + rank()));
    communicator.all_reduce_mean(x, 1.0f);
    const int sum = ranks() * turn + ranks() * (ranks() - 1) / 2;
    ASSERT_EQ(x, std::vector<float>(17, static_cast<float>(sum))) << turn;
  }
}

}  // namespace
}  // namespace pith::test
