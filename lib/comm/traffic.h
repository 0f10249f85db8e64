// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pith {

/// What an operation moves over one rank's link, and how often it waits for a message: the bytes
/// that a Communicator counts as sent, those that arrive, and steps that follow each other.
struct Traffic {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t steps = 0;
};

/// p ranks; b bytes as in Communicator; shares of b are rounded up.
///
///                   sent                          received               steps
///   all_reduce      2 (p-1) b / p                 as much                2 (p-1)
///   reduce_scatter  (p-1) b / p                   as much                p-1
///   all_gather      (p-1) b                       the other ranks' b     p-1
///   all_to_all      what goes to the other ranks  what comes from them   p-1
///   broadcast       (p-1) b at the root, else 0   b, 0 at the root       p-1
///   barrier         0                             0                      p-1
namespace traffic {

Traffic all_reduce(std::size_t bytes, std::size_t ranks);
Traffic reduce_scatter(std::size_t bytes, std::size_t ranks);
Traffic all_gather(std::span<const std::size_t> sizes, std::size_t rank);
Traffic all_to_all(std::span<const std::size_t> out_sizes, std::span<const std::size_t> in_sizes,
                   std::size_t rank);
Traffic broadcast(std::size_t bytes, std::size_t ranks, bool at_root);
Traffic barrier(std::size_t ranks);

}  // namespace traffic
}  // namespace pith
