// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/cost.h>
#include <pith/collectives/scatter.h>
#include <pith/collectives/stopwatch.h>

namespace pith {

template <Element T>
Received scatter_segments(std::span<Unit<T>> bucket, const EncodedBucket& encoded, Round& round) {
  const std::span<const Unit<T>> units = bucket;
  const std::size_t ranks = encoded.segments;
  const auto messages = round.scratch.take<std::span<const std::byte>>(ranks);
  std::size_t total = ranks * kSizeRecordBytes;
  for (std::size_t r = 0; r < ranks; ++r) {
    messages[r] = build_message(encoded, units, r, round);
    total += messages[r].size();
  }
  charge_messages(bucket, encoded, total);
  Stopwatch watch(bucket.front().cost.exchange_seconds);
  return scatter_messages(messages, message_bound(units, ranks), round);
}

template <Element T>
std::span<Unit<T>> own_segments(std::span<const Unit<T>> bucket, Round& round) {
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto rank = static_cast<std::size_t>(round.communicator.rank());
  const auto owned = round.scratch.take<Unit<T>>(bucket.size());
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    const Unit<T>& unit = bucket[u];
    const Range range = segment_of(unit, rank, ranks);
    owned[u] = {.name = unit.name,
                .parts = unit.parts,
                .key = unit.key,
                .codec = unit.codec,
                .elements = range.size(),
                .first = range.begin,
                .gradient = {},
                .mean = round.scratch.take<T>(range.size()),
                .message = unit.message,
                .owner_message = unit.owner_message,
                .owner_dense = unit.owner_dense,
                .dense_codec = unit.dense_codec,
                .cost = {}};
  }
  return owned;
}

#define PITH_INSTANTIATE(T)                                                             \
  template Received scatter_segments(std::span<Unit<T>>, const EncodedBucket&, Round&); \
  template std::span<Unit<T>> own_segments(std::span<const Unit<T>>, Round&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
