// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/cost.h>
#include <pith/collectives/receive.h>
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
  const std::span<const Unit<T>> units = bucket;
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto rank = static_cast<std::size_t>(round.communicator.rank());
  const auto encoded = encode_bucket(bucket, ranks, round);
  const auto messages = round.scratch.take<std::span<const std::byte>>(ranks);
  std::size_t total = ranks * kSizeRecordBytes;
  for (std::size_t r = 0; r < ranks; ++r) {
    messages[r] = build_message(encoded, units, r, round);
    total += messages[r].size();
  }
  charge_messages(bucket, encoded, total);
  Received received;
  {
    Stopwatch watch(bucket.front().cost.exchange_seconds);
    received = scatter_messages(messages, message_bound(units, ranks), round);
  }
  Summation<T>(bucket, received, round).mean_of_segment(rank, ranks);
  ++round.sequence;
}

// The units as their owner sees them: this rank's segment is the gradient of the owner's rule.
template <Element T>
std::span<Unit<T>> owned_units(std::span<Unit<T>> bucket, Round& round) {
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto rank = static_cast<std::size_t>(round.communicator.rank());
  const auto owned = round.scratch.take<Unit<T>>(bucket.size());
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    const Unit<T>& unit = bucket[u];
    const std::size_t first = block_start(unit.elements, ranks, rank);
    const std::size_t count = block_start(unit.elements, ranks, rank + 1) - first;
    owned[u] = {.name = unit.name,
                .parts = unit.parts,
                .key = unit.key ^ kOwnerKey,
                .codec = unit.codec,
                .elements = count,
                .first = first,
                .gradient = unit.mean.subspan(first, count),
                .mean = round.scratch.take<T>(count),
                .feedback = unit.owner_feedback,
                .message = unit.owner_message,
                .cost = {}};
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
  Summation<T>(bucket, received, round).join_segments();
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
