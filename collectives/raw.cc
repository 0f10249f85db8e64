// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/collectives/compose.h>
#include <pith/collectives/raw.h>
#include <pith/collectives/stopwatch.h>

namespace pith {

namespace {

template <Element T>
bool in_place(const Unit<T>& unit) {
  return unit.mean.data() == unit.gradient.data();
}

template <Element T>
void average_in_place(Unit<T>& unit, Round& round) {
  Finite finite;
  {
    Stopwatch watch(unit.cost.exchange_seconds);
    finite = round.communicator.all_reduce_mean(unit.mean, static_cast<T>(round.divisor));
  }
  if (!finite.mean && round.faults.empty()) {
    const auto of = finite.own ? " of the mean over the ranks" : "";
    round.faults.push_back(non_finite_fault<T>(unit, unit.mean, of));
  }
  if (round.measure_error) unit.cost.relative_error = 0;
  unit.cost.message_bytes += unit.mean.size_bytes();
}

template <Element T>
void average_together(std::span<Unit<T>> units, Round& round) {
  for (Unit<T>& unit : units) send_exactly(unit, round);
  bool finite = true;
  {
    Stopwatch watch(units.front().cost.exchange_seconds);
    finite =
        round.communicator.all_reduce_mean(joined_means<T>(units), static_cast<T>(round.divisor))
            .mean;
  }
  for (const Unit<T>& unit : units) {
    if (!finite) check_mean(unit, round);
  }
}

}  // namespace

template <Element T>
void raw(std::span<Unit<T>> bucket, Round& round) {
  check_signature<T>(bucket, "raw", round);
  while (!bucket.empty()) {
    const auto next = std::ranges::find_if(bucket, in_place<T>);
    const auto before = bucket.first(static_cast<std::size_t>(next - bucket.begin()));
    if (!before.empty()) average_together(before, round);
    if (next != bucket.end()) average_in_place(*next, round);
    bucket = bucket.subspan(std::min(before.size() + 1, bucket.size()));
  }
}

template void raw(std::span<Unit<float>>, Round&);
template void raw(std::span<Unit<double>>, Round&);

}  // namespace pith
