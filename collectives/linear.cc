// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/collectives/all_reduce_16bit.h>
#include <pith/collectives/compose.h>
#include <pith/collectives/composition.h>
#include <pith/collectives/linear.h>
#include <pith/collectives/mean.h>
#include <pith/collectives/stopwatch.h>
#include <pith/core/error.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

// What the unit brings to the factors: zeros if the rank is absent or has met an error. In rounds
// that measure, the rule composes before and commits behind: the same bits.
template <Element T>
Source<T>* input(Unit<T>& unit, Round& round) {
  if (unit.device) return nullptr;
  if (!unit.present || !round.faults.empty()) {
    std::ranges::fill(unit.mean, T(0));
    return &round.scratch.make<WholeSource<T>>(unit.mean);
  }
  Stopwatch watch(unit.cost.encode_seconds);
  if (round.measure_error) {
    const auto x = compose(unit, unit.linear->guarantee(), false, round);
    return &round.scratch.make<WholeSource<T>>(x);
  }
  begin_message(unit, unit.linear->guarantee(), false, round);
  return &round.scratch.make<Composition<T>>(*unit.feedback, unit.elements);
}

// The units whose compressor has a factor in this round, and travels it as `type`.
template <Element T>
bool takes_part(const Unit<T>& unit, int round_number, ElementType type) {
  return round_number < unit.linear->rounds() && unit.linear->factor_type() == type;
}

// All devices' work is under way before the first is waited for.
template <Element T>
void begin_factors_on_devices(std::span<Unit<T>> bucket, int number, ElementType type,
                              Round& round) {
  for (Unit<T>& unit : bucket) {
    if (!unit.device || !takes_part(unit, number, type)) continue;
    Stopwatch watch(unit.cost.encode_seconds);
    const auto step = context_of(unit, unit.linear->guarantee(), false, round);
    on_device(unit, round,
              [&] { unit.device->factor(number, step, key_of(unit, round), unit.present); });
  }
}

// The averages go to where the tensors lie.
template <Element T>
void give_averages(std::span<Unit<T>> bucket, std::span<const T> factors, int number,
                   ElementType type, Round& round) {
  for (Unit<T>& unit : bucket) {
    if (!takes_part(unit, number, type)) continue;
    const auto factor = factors.first(unit.linear->factor_elements(number));
    factors = factors.subspan(factor.size());
    if (!unit.device) continue;
    on_device(unit, round, [&] { unit.device->take_average(number, factor); });
  }
}

// Zeros once this rank has met an error.
template <Element T>
void write_factor(Unit<T>& unit, int number, Source<T>* x, std::span<T> out, Round& round) {
  Stopwatch watch(unit.cost.encode_seconds);
  try {
    if (round.faults.empty() && !x) {
      on_device(unit, round, [&] { unit.device->collect_factor(number, out); });
    } else if (round.faults.empty()) {
      unit.linear->factor(number, *x, key_of(unit, round), out, round.scratch);
    }
  } catch (const NonFiniteError&) {
    round.faults.push_back(non_finite_fault(unit, unit.feedback->composed()));
  }
  if (!round.faults.empty()) std::ranges::fill(out, T(0));
}

template <Element T>
void average(std::span<T> factors, ElementType type, Round& round) {
  const T divisor = static_cast<T>(round.divisor);
  if (type == element_type<T>) {
    round.communicator.all_reduce_mean(factors, divisor);
  } else {
    all_reduce_mean_16bit(factors, type, divisor, round);
  }
}

template <Element T>
void check_factors(std::span<const Unit<T>> bucket, std::span<const T> factors, int number,
                   ElementType type, Round& round) {
  for (const Unit<T>& unit : bucket) {
    if (!round.faults.empty()) return;
    if (!takes_part(unit, number, type)) continue;
    const auto factor = factors.first(unit.linear->factor_elements(number));
    factors = factors.subspan(factor.size());
    if (all_finite(factor)) continue;
    round.faults.push_back(
        {Fault::Kind::non_finite, std::string(unit.name) + ": its averaged factors overflow"});
  }
}

// One round for the factors of one type: written one after the other, averaged together.
template <Element T>
void exchange_factors(std::span<Unit<T>> bucket, std::span<Source<T>* const> inputs, int number,
                      ElementType type, Round& round) {
  std::size_t total = 0;
  for (const Unit<T>& unit : bucket) {
    if (takes_part(unit, number, type)) total += unit.linear->factor_elements(number);
  }
  if (total == 0) return;
  const auto factors = round.scratch.template take<T>(total);
  begin_factors_on_devices(bucket, number, type, round);
  std::size_t offset = 0;
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    Unit<T>& unit = bucket[u];
    if (!takes_part(unit, number, type)) continue;
    const auto factor = factors.subspan(offset, unit.linear->factor_elements(number));
    write_factor(unit, number, inputs[u], factor, round);
    offset += factor.size();
    unit.cost.message_bytes += factor.size() * size_of(type);
  }
  Stopwatch watch(bucket.front().cost.exchange_seconds);
  average(factors, type, round);
  check_factors<T>(bucket, factors, number, type, round);
  give_averages<T>(bucket, factors, number, type, round);
}

template <Element T>
void finish(Unit<T>& unit, Source<T>* x, Round& round) {
  if (!round.faults.empty()) return;
  if (unit.device) return on_device(unit, round, [&] { unit.device->reconstruct(); });
  if (unit.present) {
    Stopwatch watch(unit.cost.encode_seconds);
    const Decoded<T>& sent = unit.linear->own();
    if (round.measure_error) {
      measure_error(unit, x->taken(), sent, round);
      unit.feedback->commit_all(x->size(), sent);
    } else {
      unit.feedback->observe(sent);
    }
  }
  Stopwatch watch(unit.cost.decode_seconds);
  const Decoded<T>* const mean = &unit.linear->reconstruction();
  write_mean<T>({&mean, 1}, T(1), 0, unit.mean);
}

}  // namespace

template <Element T>
void linear(std::span<Unit<T>> bucket, Round& round) {
  check_signature(std::span<const Unit<T>>(bucket), "linear", round);
  const auto inputs = round.scratch.take<Source<T>*>(bucket.size());
  int rounds = 0;
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    inputs[u] = input(bucket[u], round);
    rounds = std::max(rounds, bucket[u].linear->rounds());
  }
  for (int number = 0; number < rounds; ++number) {
    for (const ElementType type : {element_type<T>, ElementType::float16, ElementType::bfloat16}) {
      exchange_factors<T>(bucket, inputs, number, type, round);
    }
  }
  for (std::size_t u = 0; u < bucket.size(); ++u) finish(bucket[u], inputs[u], round);
}

template void linear(std::span<Unit<float>>, Round&);
template void linear(std::span<Unit<double>>, Round&);

}  // namespace pith
