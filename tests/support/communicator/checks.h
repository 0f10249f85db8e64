// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/communicator.h>
#include <pith/core/error.h>

#include "support/communicator_contract.h"

namespace pith::test {

using Bytes = std::vector<std::byte>;
using Sizes = std::vector<std::size_t>;

inline constexpr std::size_t kSizes[] = {0, 1, 7, 65537};

inline std::size_t ranks(const Communicator& comm) { return static_cast<std::size_t>(comm.size()); }
inline std::size_t rank(const Communicator& comm) { return static_cast<std::size_t>(comm.rank()); }

/// Small whole numbers, other ones on every rank: their sums are exact in any order.
template <Element T>
std::vector<T> numbers(std::size_t n, std::size_t rank) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<T>((i * 7 + rank * 13) % 101) - T(50);
  return x;
}

template <Element T>
std::vector<T> sum_of_numbers(std::size_t n, std::size_t ranks) {
  std::vector<T> sum(n);
  for (std::size_t r = 0; r < ranks; ++r) {
    const auto x = numbers<T>(n, r);
    for (std::size_t i = 0; i < n; ++i) sum[i] += x[i];
  }
  return sum;
}

/// Bytes that tell the sender, the receiver and the place.
inline Bytes pattern(std::size_t n, std::size_t from, std::size_t to) {
  Bytes bytes(n);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::byte>(i * 3 + from * 59 + to * 7);
  return bytes;
}

inline void append(Bytes& all, const Bytes& part) {
  all.insert(all.end(), part.begin(), part.end());
}

/// Runs `call` and expects it to count this many bytes.
template <class Call>
void expect_counted(Communicator& comm, std::size_t bytes, const Call& call) {
  const auto before = comm.wire_bytes();
  call();
  EXPECT_EQ(comm.wire_bytes() - before, bytes);
}

/// Expects a UsageError that begins with the operation and names this rank, and nothing counted.
template <class Call>
void expect_refused(Communicator& comm, const std::string& operation, const std::string& detail,
                    const Call& call) {
  const auto before = comm.wire_bytes();
  try {
    call();
    ADD_FAILURE() << operation << " took sizes that do not fit";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(),
                testing::StartsWith(operation + " on rank " + std::to_string(comm.rank()) + ": "));
    EXPECT_THAT(error.what(), testing::HasSubstr(detail));
  }
  EXPECT_EQ(comm.wire_bytes(), before);
}

template <Element T>
void all_reduce_sums(Communicator& comm);

std::span<const Promise> sum_promises();
std::span<const Promise> block_promises();
std::span<const Promise> refusal_promises();
std::span<const Promise> split_promises();

}  // namespace pith::test
