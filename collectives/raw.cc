// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/collectives/compose.h>
#include <pith/collectives/raw.h>
#include <pith/collectives/stopwatch.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

// The sum overwrites unit.mean, so the rule learns what was sent before.
template <Element T>
void fill_in(Unit<T>& unit, Round& round) {
  Stopwatch watch(unit.cost.encode_seconds);
  if (unit.present && round.faults.empty()) {
    const auto x = compose(unit, Guarantee{}, true, round);
    copy(x, unit.mean);
    if (round.faults.empty()) unit.feedback->commit_all(x.size(), ExactlySent<T>(x));
  }
  if (!unit.present || !round.faults.empty()) std::ranges::fill(unit.mean, T(0));
  if (round.measure_error) unit.cost.relative_error = 0;
  unit.cost.message_bytes += unit.mean.size_bytes();
}

}  // namespace

template <Element T>
void raw(std::span<Unit<T>> bucket, Round& round) {
  const std::span<const Unit<T>> units = bucket;
  check_signature(units, "raw", round);
  for (Unit<T>& unit : bucket) fill_in(unit, round);
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
