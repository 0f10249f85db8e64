// SPDX-License-Identifier: Apache-2.0
#include "support/device_communicator_contract.h"

#include <cstring>
#include <ostream>

#include <gmock/gmock.h>

#include <pith/core/half.h>

#include "support/device.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

constexpr std::size_t kSizes[] = {0, 1, 7, 4099};

std::size_t ranks(const DeviceCommunicator& comm) { return static_cast<std::size_t>(comm.size()); }

// Element i of rank r, a small integer.
float number(std::size_t i, std::size_t r) { return static_cast<float>((i * 7 + r * 3) % 16); }

std::vector<float> numbers(std::size_t n, const DeviceCommunicator& comm) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = number(i, static_cast<std::size_t>(comm.rank()));
  return x;
}

std::vector<float> sums(std::size_t n, std::size_t p) {
  std::vector<float> sum(n, 0.0f);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t r = 0; r < p; ++r) sum[i] += number(i, r);
  }
  return sum;
}

// Byte i of the block that goes from rank r to rank q.
std::byte letter(std::size_t i, std::size_t r, std::size_t q) {
  return static_cast<std::byte>(i * 5 + r * 31 + q * 101 + 1);
}

std::vector<std::byte> block(std::size_t n, std::size_t r, std::size_t q) {
  std::vector<std::byte> bytes(n);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = letter(i, r, q);
  return bytes;
}

void append(std::vector<std::byte>& bytes, const std::vector<std::byte>& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

std::size_t part(std::size_t times, std::size_t bytes, std::size_t p) {
  return (times * (p - 1) * bytes + p - 1) / p;
}

template <class Call>
void expect_counted(DeviceCommunicator& comm, std::size_t bytes, const Call& call) {
  const auto before = comm.wire_bytes();
  call();
  EXPECT_EQ(comm.wire_bytes() - before, bytes);
}

void all_reduce_sums(DeviceCommunicator& comm) {
  const cuda::Stream stream;
  for (const std::size_t n : kSizes) {
    const auto x = to_device(numbers(n, comm), stream);
    expect_counted(comm, part(2, n * 4, ranks(comm)), [&] { comm.all_reduce(x.span(), stream); });
    comm.wait(stream);
    EXPECT_EQ(to_host(x.span(), stream), sums(n, ranks(comm)));
  }
}

void all_reduce_mean_divides(DeviceCommunicator& comm) {
  const cuda::Stream stream;
  for (const std::size_t n : kSizes) {
    const auto x = to_device(numbers(n, comm), stream);
    expect_counted(comm, part(2, n * 4, ranks(comm)),
                   [&] { comm.all_reduce_mean(x.span(), 4.0f, stream); });
    comm.wait(stream);
    auto mean = sums(n, ranks(comm));
    for (float& value : mean) value /= 4.0f;
    EXPECT_EQ(to_host(x.span(), stream), mean);
  }
}

Half rounded(float value, Half) { return to_half(value); }
BFloat16 rounded(float value, BFloat16) { return to_bfloat16(value); }

template <class Number>
std::vector<Number> all_rounded(const std::vector<float>& x) {
  std::vector<Number> out;
  for (const float value : x) out.push_back(rounded(value, Number()));
  return out;
}

template <class Number>
void all_reduce_mean_takes_16_bits(DeviceCommunicator& comm) {
  const cuda::Stream stream;
  for (const std::size_t n : kSizes) {
    const auto x = to_device(all_rounded<Number>(numbers(n, comm)), stream);
    expect_counted(comm, part(2, n * 2, ranks(comm)),
                   [&] { comm.all_reduce_mean(x.span(), 2.0f, stream); });
    comm.wait(stream);
    auto mean = sums(n, ranks(comm));
    for (float& value : mean) value /= 2.0f;
    EXPECT_EQ(to_host(x.span(), stream), all_rounded<Number>(mean));
  }
}

void reduce_scatter_sums_blocks(DeviceCommunicator& comm) {
  const cuda::Stream stream;
  for (const std::size_t n : kSizes) {
    const auto x = to_device(numbers(n * ranks(comm), comm), stream);
    const cuda::DeviceBuffer<float> out(n);
    expect_counted(comm, part(1, n * 4 * ranks(comm), ranks(comm)),
                   [&] { comm.reduce_scatter(x, out.span(), stream); });
    comm.wait(stream);
    const auto all = sums(n * ranks(comm), ranks(comm));
    const auto mine = std::span(all).subspan(n * static_cast<std::size_t>(comm.rank()), n);
    EXPECT_THAT(to_host(out.span(), stream), testing::ElementsAreArray(mine.begin(), mine.end()));
  }
}

void all_gather_keeps_the_order(DeviceCommunicator& comm) {
  const cuda::Stream stream;
  const auto r = static_cast<std::size_t>(comm.rank());
  for (const std::size_t n : kSizes) {
    const auto mine = to_device(block(n, r, 0), stream);
    const cuda::DeviceBuffer<std::byte> all(n * ranks(comm));
    expect_counted(comm, n * (ranks(comm) - 1), [&] { comm.all_gather(mine, all.span(), stream); });
    comm.wait(stream);
    std::vector<std::byte> expected;
    for (std::size_t q = 0; q < ranks(comm); ++q) append(expected, block(n, q, 0));
    EXPECT_EQ(to_host(all.span(), stream), expected);
  }
}

void all_gather_takes_its_own_place(DeviceCommunicator& comm) {
  const cuda::Stream stream;
  const auto r = static_cast<std::size_t>(comm.rank());
  std::vector<std::byte> places(ranks(comm) * 16);
  const auto mine = block(16, r, 0);
  std::ranges::copy(mine, places.begin() + comm.rank() * 16);
  const auto all = to_device(places, stream);
  comm.all_gather(all.span().subspan(r * 16, 16), all.span(), stream);
  comm.wait(stream);
  std::vector<std::byte> expected;
  for (std::size_t q = 0; q < ranks(comm); ++q) append(expected, block(16, q, 0));
  EXPECT_EQ(to_host(all.span(), stream), expected);
}

void all_to_all_exchanges_blocks(DeviceCommunicator& comm) {
  const cuda::Stream stream;
  const auto r = static_cast<std::size_t>(comm.rank());
  for (const std::size_t n : kSizes) {
    std::vector<std::byte> out;
    std::vector<std::byte> expected;
    for (std::size_t q = 0; q < ranks(comm); ++q) {
      append(out, block(n, r, q));
      append(expected, block(n, q, r));
    }
    const auto there = to_device(out, stream);
    const cuda::DeviceBuffer<std::byte> in(out.size());
    expect_counted(comm, n * (ranks(comm) - 1), [&] { comm.all_to_all(there, in.span(), stream); });
    comm.wait(stream);
    EXPECT_EQ(to_host(in.span(), stream), expected);
  }
}

void broadcast_gives_the_roots(DeviceCommunicator& comm) {
  const cuda::Stream stream;
  for (const std::size_t n : kSizes) {
    const int root = comm.size() - 1;
    const auto x = to_device(block(n, static_cast<std::size_t>(comm.rank()), 0), stream);
    expect_counted(comm, comm.rank() == root ? n * (ranks(comm) - 1) : 0,
                   [&] { comm.broadcast(x.span(), root, stream); });
    comm.wait(stream);
    EXPECT_EQ(to_host(x.span(), stream), block(n, ranks(comm) - 1, 0));
  }
}

// Each call reads what the one before wrote, and kernels' work lies between: nobody waits.
void calls_follow_each_other_in_the_stream(DeviceCommunicator& comm) {
  const cuda::Stream stream;
  const std::size_t n = 1000;
  const auto x = to_device(numbers(n, comm), stream);
  const cuda::DeviceBuffer<float> y(n * ranks(comm));
  comm.all_reduce(x.span(), stream);
  for (std::size_t r = 0; r < ranks(comm); ++r) {
    cuda::copy(DeviceSpan<const float>(x), y.span().subspan(r * n, n), stream);
  }
  comm.reduce_scatter(y, x.span(), stream);
  comm.all_reduce_mean(x.span(), 8.0f, stream);
  comm.wait(stream);
  auto expected = sums(n, ranks(comm));
  const auto p = static_cast<float>(comm.size());
  for (float& value : expected) value *= p * p / 8.0f;
  EXPECT_EQ(to_host(x.span(), stream), expected);
}

void wrong_spans_are_refused(DeviceCommunicator& comm) {
  const cuda::Stream stream;
  const cuda::DeviceBuffer<float> x(8 * ranks(comm) + 1);
  const cuda::DeviceBuffer<std::byte> bytes(64);
  const std::string who = " on rank " + std::to_string(comm.rank()) + ": ";
  const auto refusal = [&](const auto& call) { return usage_error([&] { call(); }); };
  EXPECT_THAT(refusal([&] { comm.reduce_scatter(x, x.span().first(8), stream); }),
              testing::StartsWith("reduce_scatter" + who));
  EXPECT_THAT(refusal([&] {
                comm.all_gather(bytes.span().first(1), bytes.span().first(ranks(comm) + 1), stream);
              }),
              testing::StartsWith("all_gather" + who));
  EXPECT_THAT(refusal([&] { comm.broadcast(bytes.span(), comm.size(), stream); }),
              testing::StartsWith("broadcast" + who));
  EXPECT_THAT(refusal([&] { comm.all_to_all(bytes, bytes.span(), stream); }),
              testing::StartsWith("all_to_all" + who));
  std::vector<float> host(4);
  EXPECT_THAT(refusal([&] {
                comm.all_reduce({host.data(), 4}, stream);
              }),
              testing::StartsWith("all_reduce: this is host memory"));
  EXPECT_EQ(comm.wire_bytes(), 0u);
}

constexpr DevicePromise kPromises[] = {
    {"AllReduceSums", all_reduce_sums},
    {"AllReduceMeanDivides", all_reduce_mean_divides},
    {"AllReduceMeanTakesHalves", all_reduce_mean_takes_16_bits<Half>},
    {"AllReduceMeanTakesBFloat16s", all_reduce_mean_takes_16_bits<BFloat16>},
    {"ReduceScatterSumsBlocks", reduce_scatter_sums_blocks},
    {"AllGatherKeepsTheOrder", all_gather_keeps_the_order},
    {"AllGatherTakesItsOwnPlace", all_gather_takes_its_own_place},
    {"AllToAllExchangesBlocks", all_to_all_exchanges_blocks},
    {"BroadcastGivesTheRoots", broadcast_gives_the_roots},
    {"CallsFollowEachOtherInTheStream", calls_follow_each_other_in_the_stream},
    {"WrongSpansAreRefused", wrong_spans_are_refused},
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const DevicePromise& promise) {
  return out << promise.name;
}

std::vector<DevicePromise> device_communicator_contract() {
  return {std::begin(kPromises), std::end(kPromises)};
}

}  // namespace pith::test
