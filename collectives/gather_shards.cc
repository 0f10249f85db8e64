// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/compose.h>
#include <pith/collectives/gather_shards.h>
#include <pith/collectives/receive.h>
#include <pith/collectives/scatter.h>
#include <pith/collectives/stopwatch.h>
#include <pith/collectives/summation.h>

namespace pith {
namespace {

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

template <Element T>
void gather_messages_of(std::span<Unit<T>> owned, std::span<Unit<T>> bucket, Round& round) {
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const std::span<const Unit<T>> units = owned;
  const auto encoded = encode_bucket(owned, 1, round);
  const auto message = build_message(encoded, units, 0, round);
  const std::size_t bound = owner_message_bound(std::span<const Unit<T>>(bucket), ranks);
  Received received;
  {
    Stopwatch watch(bucket.front().cost.exchange_seconds);
    received = gather_messages(message, bound, round);
  }
  auto& owners = round.scratch.make<Summation<T>>(bucket, received, round);
  owners.open_segments();
  owners.join_segments();
  ++round.sequence;
}

template <Element T>
void gather_plain_shard(const Unit<T>& owned, Unit<T>& unit, Round& round) {
  const Scratch::Frame frame(round.scratch);
  const auto sizes =
      round.scratch.take<std::size_t>(static_cast<std::size_t>(round.communicator.size()));
  for (std::size_t r = 0; r < sizes.size(); ++r) {
    sizes[r] = segment_of(unit, r, sizes.size()).size() * sizeof(T);
  }
  Stopwatch watch(unit.cost.exchange_seconds);
  round.communicator.all_gather_v(std::as_bytes(owned.mean), sizes,
                                  std::as_writable_bytes(unit.mean));
}

template <Element T>
void gather_plainly(std::span<Unit<T>> owned, std::span<Unit<T>> bucket, Round& round) {
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    send_exactly(owned[u], round);
    gather_plain_shard(owned[u], bucket[u], round);
  }
}

}  // namespace

template <Element T>
void gather_shards(std::span<Unit<T>> bucket, Round& round) {
  const auto owned = owned_units(bucket, round);
  if (bucket.front().owner_message) {
    gather_messages_of(owned, bucket, round);
  } else {
    gather_plainly(owned, bucket, round);
  }
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    bucket[u].cost.encode_seconds += owned[u].cost.encode_seconds;
  }
}

template void gather_shards(std::span<Unit<float>>, Round&);
template void gather_shards(std::span<Unit<double>>, Round&);

}  // namespace pith
