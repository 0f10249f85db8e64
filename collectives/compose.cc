// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>

#include <pith/collectives/compose.h>
#include <pith/collectives/composition.h>
#include <pith/collectives/stopwatch.h>
#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/core/vector.h>
#include <pith/core/wire.h>

namespace pith {

template <Element T>
Fault non_finite_fault(const Unit<T>& unit, std::span<const T> x, std::string_view of) {
  const auto bad = std::ranges::find_if_not(x, [](T value) { return std::isfinite(value); });
  return non_finite_fault(unit,
                          NonFiniteElement<T>{static_cast<std::size_t>(bad - x.begin()), *bad}, of);
}

template <Element T>
Fault non_finite_fault(const Unit<T>& unit, const NonFiniteElement<T>& bad, std::string_view of) {
  const std::size_t element = unit.first + bad.index;
  Part part{unit.name};
  for (const Part& next : unit.parts) {
    if (next.first <= element) part = next;
  }
  return {Fault::Kind::non_finite, std::string(part.name) + ": element " +
                                       std::to_string(element - part.first + part.begin) +
                                       std::string(of) + " is " + std::to_string(bad.value)};
}

template <Element T>
void show(const Unit<T>& unit, const Peekable<T>& x, Round& round) {
  if (!unit.observer) return;
  unit.observer->observe(x, round.step.loss_scale, key_of(unit, round), round.scratch);
}

template <Element T>
void begin_message(Unit<T>& unit, const Guarantee& guarantee, bool exact, Round& round) {
  const auto step = context_of(unit, guarantee, exact, round);
  unit.feedback->begin(round.message, unit.gradient, step, unit.mean);
  show(unit, Composition<T>(*unit.feedback, unit.elements), round);
}

template <Element T>
std::span<const T> compose(Unit<T>& unit, const Guarantee& guarantee, bool exact, Round& round) {
  begin_message(unit, guarantee, exact, round);
  unit.feedback->compose({0, unit.elements});
  const auto x = unit.feedback->composed();
  if (!all_finite(x)) round.faults.push_back(non_finite_fault(unit, x));
  return x;
}

template <Element T>
double gradient_norm(const Unit<T>& unit, const Round& round) {
  return std::sqrt(squared_norm(unit.gradient)) * unit.gradient_scale / round.step.loss_scale;
}

template <Element T>
Fault fault_of(const Unit<T>& unit, const Error& error) {
  Fault fault{Fault::Kind::usage, std::string(unit.name) + ": " + error.what()};
  if (dynamic_cast<const DeviceError*>(&error)) fault.kind = Fault::Kind::device;
  if (dynamic_cast<const WireError*>(&error)) {
    const bool between = unit.device && unit.device->goes_between_devices();
    fault.kind = between ? Fault::Kind::garbled : Fault::Kind::wire;
  }
  return fault;
}

template <Element T>
void on_device(const Unit<T>& unit, Round& round, const std::function<void()>& work) {
  if (!round.faults.empty()) return;
  try {
    work();
  } catch (const TransportError&) {
    throw;
  } catch (const NonFiniteError&) {
    round.faults.push_back(non_finite_fault(unit, unit.device->first_non_finite()));
  } catch (const Error& error) {
    round.faults.push_back(fault_of(unit, error));
  }
}

template <Element T>
void between_devices(const Unit<T>& unit, const std::function<void()>& work) {
  try {
    work();
  } catch (const DeviceError& error) {
    throw TransportError(std::string(unit.name) +
                         ": a device failed in the middle of an exchange: " + error.what());
  }
}

template <Element T>
void look_on_devices(std::span<const Unit<T>> bucket, Round& round) {
  for (const Unit<T>& unit : bucket) {
    if (!unit.device || !unit.observer || !unit.present) continue;
    const auto ranges = unit.observer->looked_at(key_of(unit, round), round.scratch);
    on_device(unit, round, [&] { unit.device->look_at(ranges); });
  }
}

template <Element T>
void finish_on_device(const Unit<T>& unit, Round& round) {
  on_device(unit, round, [&] {
    if (unit.device->finish_mean()) return;
    round.faults.push_back({Fault::Kind::non_finite,
                            std::string(unit.name) + ": the mean over the ranks is not finite"});
  });
  if (round.faults.empty() && unit.present) show(unit, unit.device->looked(), round);
}

template <Element T>
void finish_on_devices(std::span<Unit<T>> bucket, Round& round) {
  for (const Unit<T>& unit : bucket) {
    if (unit.device) on_device(unit, round, [&] { unit.device->check_mean(); });
  }
  for (Unit<T>& unit : bucket) {
    if (!unit.device) continue;
    // Between devices an exchange only begins before.
    const bool between = unit.device->goes_between_devices();
    Stopwatch watch(between ? unit.cost.exchange_seconds : unit.cost.decode_seconds);
    finish_on_device(unit, round);
  }
}

template <Element T>
void begin_exactly_on_devices(std::span<Unit<T>> bucket, Round& round) {
  for (Unit<T>& unit : bucket) {
    if (!unit.device || !unit.present) continue;
    Stopwatch watch(unit.cost.encode_seconds);
    const auto step = context_of(unit, Guarantee{}, true, round);
    on_device(unit, round, [&] { unit.device->send_exactly(step); });
  }
}

template <Element T>
void collect_exactly_from_device(Unit<T>& unit, Round& round) {
  on_device(unit, round, [&] {
    unit.device->collect_exactly(unit.mean);
    if (all_finite<T>(unit.mean)) return;
    round.faults.push_back(non_finite_fault<T>(unit, unit.mean));
  });
}

// A sum will overwrite unit.mean, so the rule learns what was sent before.
template <Element T>
void send_exactly(Unit<T>& unit, Round& round) {
  Stopwatch watch(unit.cost.encode_seconds);
  if (unit.present && round.faults.empty() && unit.device) {
    collect_exactly_from_device(unit, round);
  } else if (unit.present && round.faults.empty()) {
    const auto x = compose(unit, Guarantee{}, true, round);
    copy(x, unit.mean);
    if (round.faults.empty()) unit.feedback->commit_all(x.size(), ExactlySent<T>(x));
  }
  if (!unit.present || !round.faults.empty()) std::ranges::fill(unit.mean, T(0));
  measure_no_error(unit, round);
  unit.cost.message_bytes += unit.mean.size_bytes();
}

template <Element T>
void measure_error(Unit<T>& unit, std::span<const T> x, const Decoded<T>& sent, Round& round) {
  if (!round.measure_error) return;
  const Scratch::Frame frame(round.scratch);
  const auto difference = round.scratch.take<T>(x.size());
  copy(x, difference);
  sent.axpy(T(-1), 0, difference);
  const double all = squared_norm(x);
  const double left = squared_norm(std::span<const T>(difference));
  unit.cost.relative_error = all > 0 ? std::sqrt(left / all) : 0;
  unit.cost.gradient_norm = gradient_norm(unit, round);
  unit.cost.residual_norm = std::sqrt(left) / round.step.loss_scale;
}

template <Element T>
void measure_no_error(Unit<T>& unit, Round& round) {
  if (!round.measure_error || !unit.present || unit.device) return;
  unit.cost.relative_error = 0;
  unit.cost.gradient_norm = gradient_norm(unit, round);
  unit.cost.residual_norm = 0;
}

template <Element T>
void check_mean(const Unit<T>& unit, Round& round) {
  const std::span<const T> mean = unit.mean;
  if (!round.faults.empty() || all_finite(mean)) return;
  round.faults.push_back(non_finite_fault(unit, mean, " of the mean over the ranks"));
}

std::uint16_t flags_of(const Round& round, bool present) {
  if (round.faults.empty()) return present ? 0 : kEmpty;
  const bool non_finite = round.faults.front().kind == Fault::Kind::non_finite;
  return static_cast<std::uint16_t>(kEmpty | (non_finite ? kNonFinite : kFault));
}

template <Element T>
void check_signature(std::span<const Unit<T>> bucket, std::string_view operation, Round& round) {
  if (!round.check_signature) return;
  std::uint64_t mine = hash(operation, round.config + round.step.step);
  for (const Unit<T>& unit : bucket) {
    mine = hash(unit.name, mine + unit.elements + sizeof(T));
  }
  const Scratch::Frame frame(round.scratch);
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto all = round.scratch.take<std::uint64_t>(ranks);
  round.communicator.all_gather(std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(all));
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    if (all[rank] == all[0]) continue;
    throw UsageError(std::string(operation) + ": rank " + std::to_string(rank) +
                     " exchanges something else than rank 0 in bucket " +
                     std::to_string(round.bucket) + " (" + std::string(bucket.front().name) + ")");
  }
}

template <Element T>
std::span<T> joined_means(std::span<const Unit<T>> bucket) {
  T* const first = bucket.front().mean.data();
  std::size_t elements = 0;
  for (const Unit<T>& unit : bucket) {
    if (unit.mean.data() != first + elements) {
      throw UsageError("exchange: the means of a bucket must lie one after the other (" +
                       std::string(unit.name) + ")");
    }
    elements += unit.elements;
  }
  return {first, elements};
}

#define PITH_INSTANTIATE(T)                                                                      \
  template Fault non_finite_fault(const Unit<T>&, std::span<const T>, std::string_view);         \
  template Fault non_finite_fault(const Unit<T>&, const NonFiniteElement<T>&, std::string_view); \
  template Fault fault_of(const Unit<T>&, const Error&);                                         \
  template void on_device(const Unit<T>&, Round&, const std::function<void()>&);                 \
  template void between_devices(const Unit<T>&, const std::function<void()>&);                   \
  template void look_on_devices(std::span<const Unit<T>>, Round&);                               \
  template void finish_on_devices(std::span<Unit<T>>, Round&);                                   \
  template void begin_exactly_on_devices(std::span<Unit<T>>, Round&);                            \
  template void show(const Unit<T>&, const Peekable<T>&, Round&);                                \
  template void begin_message(Unit<T>&, const Guarantee&, bool, Round&);                         \
  template std::span<const T> compose(Unit<T>&, const Guarantee&, bool, Round&);                 \
  template void send_exactly(Unit<T>&, Round&);                                                  \
  template void measure_error(Unit<T>&, std::span<const T>, const Decoded<T>&, Round&);          \
  template void measure_no_error(Unit<T>&, Round&);                                              \
  template void check_mean(const Unit<T>&, Round&);                                              \
  template void check_signature(std::span<const Unit<T>>, std::string_view, Round&);             \
  template std::span<T> joined_means(std::span<const Unit<T>>);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
