// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/compose.h>
#include <pith/collectives/cost.h>
#include <pith/collectives/gather.h>
#include <pith/collectives/receive.h>
#include <pith/collectives/stopwatch.h>
#include <pith/collectives/summation.h>

namespace pith {

template <Element T>
void gather(std::span<Unit<T>> bucket, Round& round) {
  const std::span<const Unit<T>> units = bucket;
  const auto encoded = encode_bucket(bucket, 1, round);
  const auto message = build_message(encoded, units, 0, round);
  charge_messages(bucket, encoded, message.size() + kSizeRecordBytes);
  Received received;
  {
    Stopwatch watch(bucket.front().cost.exchange_seconds);
    received = gather_messages(message, message_bound(units, 1), round);
  }
  round.scratch.make<Summation<T>>(bucket, received, round).mean_of_all();
  for (const Unit<T>& unit : bucket) {
    if (!unit.pending && !unit.device) check_mean(unit, round);
  }
  ++round.sequence;
}

template void gather(std::span<Unit<float>>, Round&);
template void gather(std::span<Unit<double>>, Round&);

}  // namespace pith
