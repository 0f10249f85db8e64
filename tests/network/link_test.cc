// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <numeric>
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

// Summed over ranks, because a library need not go round a ring.
TEST(Link, CarriesTheBytesOfAnAllReduce) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  std::vector<float> x(250'000, 1.0f);
  const std::uint64_t before = sent_by_interface();
  comm.all_reduce(x);
  const std::uint64_t counted = comm.wire_bytes();
  comm.barrier();  // until then a rank's last bytes may wait in its queue
  const auto sent = of_all_ranks(comm, sent_by_interface() - before);
  EXPECT_GE(std::accumulate(sent.begin(), sent.end(), std::uint64_t{0}), sent.size() * counted);
  EXPECT_EQ(x.back(), static_cast<float>(comm.size()));
}

/// A rank that is late sees less than the whole time of an operation; the first one does not.
template <class Operation>
double seconds_of(Communicator& comm, const Operation& operation) {
  comm.barrier();
  const auto start = std::chrono::steady_clock::now();
  operation();
  const std::chrono::duration<double> mine = std::chrono::steady_clock::now() - start;
  return std::ranges::max(of_all_ranks(comm, mine.count()));
}

TEST(Link, GivesAnAllReduceTheTimeThatItsBytesNeed) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  std::vector<float> x(2'500'000, 1.0f);
  const double seconds = seconds_of(comm, [&] { comm.all_reduce(x); });
  EXPECT_GE(seconds, 0.9 * static_cast<double>(comm.wire_bytes()) / kBytesPerSecond);
}

/// The time in which every rank but the first sends `to_first` bytes to it and gets `from_first`.
double seconds_of_star(Communicator& comm, std::size_t to_first, std::size_t from_first) {
  const auto ranks = static_cast<std::size_t>(comm.size());
  std::vector<std::size_t> out_sizes(ranks, comm.rank() == 0 ? from_first : 0);
  std::vector<std::size_t> in_sizes(ranks, comm.rank() == 0 ? to_first : 0);
  out_sizes[0] = comm.rank() == 0 ? 0 : to_first;
  in_sizes[0] = comm.rank() == 0 ? 0 : from_first;
  const std::vector<std::byte> out(std::accumulate(out_sizes.begin(), out_sizes.end(), 0u));
  std::vector<std::byte> in(std::accumulate(in_sizes.begin(), in_sizes.end(), 0u));
  return seconds_of(comm, [&] { comm.all_to_all_v(out, out_sizes, in, in_sizes); });
}

// The others' own ends carry one part each, so only the first rank's can be what limits.
TEST(Link, LimitsWhatManySendToOne) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  EXPECT_GE(seconds_of_star(comm, 2'000'000, 0), 0.9 * 2e6 * (comm.size() - 1) / kBytesPerSecond);
}

TEST(Link, LimitsWhatOneSendsToMany) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  EXPECT_GE(seconds_of_star(comm, 0, 2'000'000), 0.9 * 2e6 * (comm.size() - 1) / kBytesPerSecond);
}

}  // namespace
}  // namespace pith::test
