// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include <pith/mpi/communicator.h>

namespace pith::test {
namespace {

constexpr double kBytesPerSecond = 100e6 / 8;  // of 100mbit

/// "net:[4026532281]"
std::string network_namespace() {
  std::array<char, 64> name{};
  const auto length = readlink("/proc/self/ns/net", name.data(), name.size());
  return {name.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
}

std::uint64_t sent_by_interface() {
  std::uint64_t bytes = 0;
  std::ifstream("/sys/class/net/eth0/statistics/tx_bytes") >> bytes;
  return bytes;
}

template <class T>
std::vector<T> of_all_ranks(Communicator& comm, T mine) {
  std::vector<T> all(static_cast<std::size_t>(comm.size()));
  comm.all_gather(std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)));
  return all;
}

TEST(Link, HasEveryRankInANamespaceOfItsOwn) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  const std::string mine = network_namespace();
  ASSERT_EQ(mine.substr(0, 5), "net:[");
  const auto all = of_all_ranks(comm, std::stoull(mine.substr(5)));
  EXPECT_EQ(std::set(all.begin(), all.end()).size(), all.size());
}

TEST(Link, CarriesTheBytesOfAnAllReduce) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  std::vector<float> x(250'000, 1.0f);
  const std::uint64_t before = sent_by_interface();
  comm.all_reduce(x);
  EXPECT_GE(sent_by_interface() - before, comm.wire_bytes());
  EXPECT_EQ(x.back(), static_cast<float>(comm.size()));
}

// A rank that is late sees less than the whole time, the first one does not.
TEST(Link, GivesAnAllReduceTheTimeThatItsBytesNeed) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  std::vector<float> x(2'500'000, 1.0f);
  comm.barrier();
  const auto start = std::chrono::steady_clock::now();
  comm.all_reduce(x);
  const std::chrono::duration<double> mine = std::chrono::steady_clock::now() - start;
  const double needed = static_cast<double>(comm.wire_bytes()) / kBytesPerSecond;
  EXPECT_GE(std::ranges::max(of_all_ranks(comm, mine.count())), 0.9 * needed);
}

}  // namespace
}  // namespace pith::test
