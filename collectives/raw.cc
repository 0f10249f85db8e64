// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/compose.h>
#include <pith/collectives/raw.h>
#include <pith/collectives/stopwatch.h>
#include <pith/core/vector.h>

namespace pith {

template <Element T>
void raw(std::span<Unit<T>> bucket, Round& round) {
  const std::span<const Unit<T>> units = bucket;
  check_signature(units, "raw", round);
  for (Unit<T>& unit : bucket) send_exactly(unit, round);
  {
    Stopwatch watch(bucket.front().cost.exchange_seconds);
    round.communicator.all_reduce(joined_means(units));
  }
  for (Unit<T>& unit : bucket) {
    Stopwatch watch(unit.cost.decode_seconds);
    divide(unit.mean, static_cast<T>(round.divisor));
    check_mean(unit, round);
  }
}

template void raw(std::span<Unit<float>>, Round&);
template void raw(std::span<Unit<double>>, Round&);

}  // namespace pith
