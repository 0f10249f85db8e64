// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/compose.h>
#include <pith/collectives/encode.h>
#include <pith/collectives/reduce_shards.h>
#include <pith/collectives/scatter.h>
#include <pith/collectives/stopwatch.h>
#include <pith/collectives/summation.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

template <Element T>
void reduce_plain_shard(Unit<T>& unit, Round& round) {
  const Scratch::Frame frame(round.scratch);
  const Range range = own_shard(unit, round);
  const auto sum = round.scratch.take<T>(range.size());
  {
    Stopwatch watch(unit.cost.exchange_seconds);
    round.communicator.reduce_scatter(std::span<const T>(unit.mean), sum);
  }
  Stopwatch watch(unit.cost.decode_seconds);
  divide(sum, static_cast<T>(round.divisor));
  copy(std::span<const T>(sum), slice(unit.mean, range));
}

template <Element T>
void reduce_plainly(std::span<Unit<T>> bucket, Round& round) {
  for (Unit<T>& unit : bucket) {
    send_exactly(unit, round);
    reduce_plain_shard(unit, round);
  }
}

}  // namespace

template <Element T>
void reduce_shards(std::span<Unit<T>> bucket, Round& round) {
  if (!bucket.front().message) return reduce_plainly(bucket, round);
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto rank = static_cast<std::size_t>(round.communicator.rank());
  const auto encoded = encode_bucket(bucket, ranks, round);
  const Received received = scatter_segments(bucket, encoded, round);
  Summation<T>(bucket, received, round).mean_of_segment(rank, ranks);
  ++round.sequence;
}

template void reduce_shards(std::span<Unit<float>>, Round&);
template void reduce_shards(std::span<Unit<double>>, Round&);

}  // namespace pith
