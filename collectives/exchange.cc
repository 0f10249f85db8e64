// SPDX-License-Identifier: Apache-2.0
#include <utility>

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

// A rank that has met an error keeps to the schedule: the others wait for it.
template <Element T>
void exchange_between_devices(std::span<Unit<T>> bucket, Round& round) {
  check_signature(std::span<const Unit<T>>(bucket), "devices", round);
  for (Unit<T>& unit : bucket) {
    Stopwatch watch(unit.cost.exchange_seconds);
    Guarantee guarantee;
    if (unit.message) guarantee = unit.message->guarantee(unit.elements);
    if (unit.linear) guarantee = unit.linear->guarantee();
    const auto step = context_of(unit, guarantee, !unit.message && !unit.linear, round);
    const bool present = unit.present && round.faults.empty();
    const auto before = std::exchange(round.faults, {});
    on_device(unit, round, [&] {
      DeviceBytes bytes;
      between_devices(unit, [&] {
        bytes = unit.device->exchange(step, key_of(unit, round), static_cast<T>(round.divisor),
                                      present);
      });
      unit.cost.message_bytes += bytes.message;
      round.communicator.count_wire_bytes(bytes.wire);
    });
    round.faults.insert(round.faults.begin(), before.begin(), before.end());
  }
}

}  // namespace

template <Element T>
void exchange(Exchange algorithm, std::span<Unit<T>> bucket, Round& round) {
  look_on_devices<T>(bucket, round);
  if (bucket.front().device && bucket.front().device->goes_between_devices()) {
    exchange_between_devices(bucket, round);
  } else {
    exchange_by(algorithm, bucket, round);
  }
  finish_on_devices(bucket, round);
}

template void exchange(Exchange, std::span<Unit<float>>, Round&);
template void exchange(Exchange, std::span<Unit<double>>, Round&);

}  // namespace pith
