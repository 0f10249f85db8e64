// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include <pith/comm/traffic.h>

namespace pith::traffic {
namespace {

/// times * b / p, rounded up; times * b may be more than 64 bits hold.
std::uint64_t share(std::uint64_t times, std::uint64_t b, std::uint64_t p) {
  return b / p * times + (b % p * times + p - 1) / p;
}

std::uint64_t of_others(std::span<const std::size_t> sizes, std::size_t rank) {
  return std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0}) - sizes[rank];
}

}  // namespace

Traffic all_reduce(std::size_t bytes, std::size_t ranks) {
  const std::uint64_t moved = share(2 * (ranks - 1), bytes, ranks);
  return {moved, moved, 2 * (ranks - 1)};
}

Traffic reduce_scatter(std::size_t bytes, std::size_t ranks) {
  const std::uint64_t moved = share(ranks - 1, bytes, ranks);
  return {moved, moved, ranks - 1};
}

Traffic all_gather(std::span<const std::size_t> sizes, std::size_t rank) {
  const std::size_t others = sizes.size() - 1;
  return {others * sizes[rank], of_others(sizes, rank), others};
}

Traffic all_to_all(std::span<const std::size_t> out_sizes, std::span<const std::size_t> in_sizes,
                   std::size_t rank) {
  return {of_others(out_sizes, rank), of_others(in_sizes, rank), out_sizes.size() - 1};
}

Traffic broadcast(std::size_t bytes, std::size_t ranks, bool at_root) {
  if (at_root) return {(ranks - 1) * bytes, 0, ranks - 1};
  return {0, bytes, ranks - 1};
}

Traffic barrier(std::size_t ranks) { return {0, 0, ranks - 1}; }

}  // namespace pith::traffic
