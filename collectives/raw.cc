// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/collectives/compose.h>
#include <pith/collectives/raw.h>
#include <pith/collectives/stopwatch.h>
#include <pith/core/vector.h>

namespace pith {

namespace {

// All that a plain round can come to is a mean that is not finite, and that is so on all ranks.
template <Element T>
void find_non_finite(std::span<const Unit<T>> units, const Finite& finite, Round& round) {
  const auto of = finite.own ? " of the mean over the ranks" : "";
  for (const Unit<T>& unit : units) {
    if (finite.mean || !round.faults.empty() || all_finite<T>(unit.mean)) continue;
    round.faults.push_back(non_finite_fault<T>(unit, unit.mean, of));
  }
}

template <Element T>
void send_plainly(Unit<T>& unit, Round& round) {
  show(unit, WholeSource<T>(unit.gradient), round);
  measure_no_error(unit, round);
  copy(unit.gradient, unit.mean);  // nothing where they are the same
  unit.cost.message_bytes += unit.mean.size_bytes();
}

template <Element T>
void average(std::span<Unit<T>> units, Round& round) {
  for (Unit<T>& unit : units) {
    round.plain ? send_plainly(unit, round) : send_exactly(unit, round);
  }
  Finite finite;
  {
    Stopwatch watch(units.front().cost.exchange_seconds);
    finite =
        round.communicator.all_reduce_mean(joined_means<T>(units), static_cast<T>(round.divisor));
  }
  for (const Unit<T>& unit : units) {
    if (unit.device) on_device(unit, round, [&] { unit.device->take_mean(unit.mean); });
  }
  if (round.plain) return find_non_finite<T>(units, finite, round);
  for (const Unit<T>& unit : units) {
    if (!finite.mean) check_mean(unit, round);
  }
}

}  // namespace

// Cut in the same way whether means are where gradients were or not: how a back end rounds may
// depend on what it sums together.
template <Element T>
void raw(std::span<Unit<T>> bucket, Round& round) {
  check_signature<T>(bucket, "raw", round);
  begin_exactly_on_devices(bucket, round);
  const auto is_large = [](const Unit<T>& unit) { return is_averaged_alone<T>(unit.mean.size()); };
  while (!bucket.empty()) {
    const auto next = std::ranges::find_if(bucket, is_large);
    const auto small = static_cast<std::size_t>(next - bucket.begin());
    const std::size_t together = std::max<std::size_t>(small, 1);
    average(bucket.first(together), round);
    bucket = bucket.subspan(together);
  }
}

template void raw(std::span<Unit<float>>, Round&);
template void raw(std::span<Unit<double>>, Round&);

}  // namespace pith
