// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gtest/gtest.h>

#include <pith/comm/communicator.h>
#include <pith/core/error.h>

namespace pith::test {
namespace {

/// Rank 1 of 3 that sends nothing and counts what it was asked to send.
class Silent final : public Communicator {
 public:
  int rank() const override { return 1; }
  int size() const override { return 3; }
  std::unique_ptr<Communicator> split(int, int) override { return std::make_unique<Silent>(); }

  int calls = 0;

 private:
  void do_all_reduce(std::span<std::byte>, ElementType) override { ++calls; }
  void do_reduce_scatter(std::span<const std::byte>, std::span<std::byte>, ElementType) override {
    ++calls;
  }
  void do_all_gather_v(std::span<const std::byte>, std::span<const std::size_t>,
                       std::span<std::byte>) override {
    ++calls;
  }
  void do_all_to_all_v(std::span<const std::byte>, std::span<const std::size_t>,
                       std::span<std::byte>, std::span<const std::size_t>) override {
    ++calls;
  }
  void do_broadcast(std::span<std::byte>, int) override { ++calls; }
  void do_barrier() override { ++calls; }
};

// 2^62 elements have 2^64 bytes: one less, so that 2 (p-1) b / p is beyond 64 bits on its way.
TEST(Communicator, CountsSizesBeyondAnyMemory) {
  Silent comm;
  float one = 0;
  const std::size_t n = (std::size_t{1} << 61) + 1;
  comm.all_reduce(std::span<float>(&one, n));
  EXPECT_EQ(comm.wire_bytes(), 12297829382473034416u);  // ceil(4 (2^63 + 4) / 3)
}

TEST(Communicator, CountsWhatItsPartsAreSaidToHaveSent) {
  Silent comm;
  std::vector<double> x(2);
  comm.all_reduce(x);
  comm.count_wire_bytes(100);
  EXPECT_EQ(comm.wire_bytes(), 122u);
}

TEST(Communicator, RoundsCountedBytesUp) {
  Silent comm;
  std::vector<double> x(2);
  comm.all_reduce(x);
  EXPECT_EQ(comm.wire_bytes(), 22u);  // 64 / 3
  std::vector<double> block(1);
  comm.reduce_scatter(std::span<const double>(x), block);
  EXPECT_EQ(comm.wire_bytes(), 22u + 11u);  // 32 / 3
}

TEST(Communicator, AsksTheBackEndForNothingItRefuses) {
  Silent comm;
  std::vector<std::byte> bytes(10);
  EXPECT_THROW(comm.all_gather(bytes, {}), UsageError);
  EXPECT_THROW(comm.all_to_all(bytes, {}), UsageError);
  EXPECT_THROW(comm.broadcast(bytes, 3), UsageError);
  EXPECT_EQ(comm.calls, 0);
}

// Sizes whose sum is 10 only modulo 2^64.
TEST(Communicator, RefusesSizesWhoseSumOverflows) {
  Silent comm;
  const std::vector<std::byte> mine(4);
  std::vector<std::byte> all(10);
  const std::size_t sizes[] = {std::numeric_limits<std::size_t>::max(), 4, 7};
  EXPECT_THROW(comm.all_gather_v(mine, sizes, all), UsageError);
  EXPECT_EQ(comm.calls, 0);
}

TEST(Communicator, TellsTheOperationTheRankAndBothSizes) {
  Silent comm;
  std::vector<std::byte> bytes(10);
  try {
    comm.all_gather(std::span<const std::byte>(bytes).first(3), bytes);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "all_gather on rank 1: 10 bytes of all, 9 expected");
  }
}

TEST(BlockStart, CutsIntoBlocksThatDifferByAtMostOne) {
  for (const std::size_t n : {0u, 1u, 6u, 65537u}) {
    EXPECT_EQ(block_start(n, 7, 0), 0u);
    EXPECT_EQ(block_start(n, 7, 7), n);
    for (std::size_t r = 0; r < 7; ++r) {
      EXPECT_EQ(block_start(n, 7, r), n * r / 7);
      EXPECT_LE(block_start(n, 7, r + 1) - block_start(n, 7, r), n / 7 + 1);
    }
  }
}

}  // namespace
}  // namespace pith::test
