// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/receive.h>
#include <pith/collectives/scatter.h>
#include <pith/collectives/sharded.h>
#include <pith/collectives/stopwatch.h>
#include <pith/collectives/summation.h>
#include <pith/core/hash.h>

namespace pith {
namespace {

constexpr std::uint64_t kOwnerKey = 0x6f776e6572;  // "owner": other numbers than the rank's own

// Phase one: this rank's segment of every mean.
template <Element T>
void reduce_shards(std::span<Unit<T>> bucket, Round& round) {
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto rank = static_cast<std::size_t>(round.communicator.rank());
  const auto encoded = encode_bucket(bucket, ranks, round);
  const Received received = scatter_segments(bucket, encoded, round);
  Summation<T>(bucket, received, round).mean_of_segment(rank, ranks);
  ++round.sequence;
}

// The units as their owner sees them: this rank's segment is the gradient of the owner's rule.
template <Element T>
std::span<Unit<T>> owned_units(std::span<Unit<T>> bucket, Round& round) {
  const auto owned = own_segments(std::span<const Unit<T>>(bucket), round);
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    owned[u].key ^= kOwnerKey;
    owned[u].gradient = bucket[u].mean.subspan(owned[u].first, owned[u].elements);
    owned[u].feedback = bucket[u].owner_feedback;
    owned[u].message = bucket[u].owner_message;
  }
  return owned;
}

// An owner's message of the largest shards.
template <Element T>
std::size_t owner_message_bound(std::span<const Unit<T>> bucket, std::size_t ranks) {
  std::size_t bytes = head_bytes(bucket.size());
  for (const Unit<T>& unit : bucket) {
    bytes += unit.owner_message->max_wire_bytes((unit.elements + ranks - 1) / ranks, 1);
  }
  return bytes;
}

// Phase two: every owner's segment to every rank.
template <Element T>
void gather_shards(std::span<Unit<T>> bucket, Round& round) {
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto owned = owned_units(bucket, round);
  const std::span<const Unit<T>> units = owned;
  const auto encoded = encode_bucket(owned, 1, round);
  const auto message = build_message(encoded, units, 0, round);
  const std::size_t bound = owner_message_bound(std::span<const Unit<T>>(bucket), ranks);
  Received received;
  {
    Stopwatch watch(bucket.front().cost.exchange_seconds);
    received = gather_messages(message, bound, round);
  }
  Summation<T> owners(bucket, received, round);
  owners.open_segments();
  owners.join_segments();
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    bucket[u].cost.encode_seconds += owned[u].cost.encode_seconds;
  }
  ++round.sequence;
}

}  // namespace

template <Element T>
void sharded(std::span<Unit<T>> bucket, Round& round) {
  reduce_shards(bucket, round);
  gather_shards(bucket, round);
}

template void sharded(std::span<Unit<float>>, Round&);
template void sharded(std::span<Unit<double>>, Round&);

}  // namespace pith
