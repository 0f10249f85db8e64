// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/compose.h>
#include <pith/collectives/exchange.h>
#include <pith/collectives/gather.h>
#include <pith/collectives/linear.h>
#include <pith/collectives/raw.h>
#include <pith/collectives/sharded.h>
#include <pith/collectives/sparse.h>
#include <pith/collectives/stopwatch.h>

namespace pith {
namespace {

template <Element T>
void exchange_by(Exchange algorithm, std::span<Unit<T>> bucket, Round& round) {
  switch (algorithm) {
    case Exchange::raw:
      return bucket.front().linear ? linear(bucket, round) : raw(bucket, round);
    case Exchange::gather:
      return gather(bucket, round);
    case Exchange::sharded:
      return sharded(bucket, round);
    case Exchange::sparse:
      return sparse(bucket, round);
    case Exchange::linear:
      return linear(bucket, round);
  }
}

}  // namespace

template <Element T>
void exchange(Exchange algorithm, std::span<Unit<T>> bucket, Round& round) {
  exchange_by(algorithm, bucket, round);
  for (Unit<T>& unit : bucket) {
    if (!unit.device) continue;
    Stopwatch watch(unit.cost.decode_seconds);
    finish_on_device(unit, round);
  }
}

template void exchange(Exchange, std::span<Unit<float>>, Round&);
template void exchange(Exchange, std::span<Unit<double>>, Round&);

}  // namespace pith
