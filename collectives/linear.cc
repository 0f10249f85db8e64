// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/collectives/all_reduce_16bit.h>
#include <pith/collectives/compose.h>
#include <pith/collectives/linear.h>
#include <pith/collectives/stopwatch.h>
#include <pith/core/error.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

/// The reconstruction from the own factors, whole.
template <Element T>
class SentFactors final : public Decoded<T> {
 public:
  explicit SentFactors(const LinearCompressor<T>& compressor) : compressor_(compressor) {}
  void axpy(T a, std::size_t, std::span<T> y) const override { compressor_.own_axpy(a, y); }

 private:
  const LinearCompressor<T>& compressor_;
};

// What the unit brings to the factors: zeros if the rank is absent or has met an error.
template <Element T>
std::span<const T> input(Unit<T>& unit, Round& round) {
  if (unit.present && round.faults.empty()) {
    Stopwatch watch(unit.cost.encode_seconds);
    const auto x = compose(unit, unit.linear->guarantee(), false, round);
    if (round.faults.empty()) return x;
  }
  std::ranges::fill(unit.mean, T(0));
  return unit.mean;
}

// The units whose compressor has a factor in this round, and travels it as `type`.
template <Element T>
bool takes_part(const Unit<T>& unit, int round_number, ElementType type) {
  return round_number < unit.linear->rounds() && unit.linear->factor_type() == type;
}

template <Element T>
void average(std::span<T> factors, ElementType type, Round& round) {
  const T divisor = static_cast<T>(round.divisor);
  if (type == element_type<T>) {
    round.communicator.all_reduce(factors);
    divide(factors, divisor);
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
void exchange_factors(std::span<Unit<T>> bucket, std::span<const std::span<const T>> inputs,
                      int number, ElementType type, Round& round) {
  std::size_t total = 0;
  for (const Unit<T>& unit : bucket) {
    if (takes_part(unit, number, type)) total += unit.linear->factor_elements(number);
  }
  if (total == 0) return;
  const auto factors = round.scratch.template take<T>(total);
  std::size_t offset = 0;
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    Unit<T>& unit = bucket[u];
    if (!takes_part(unit, number, type)) continue;
    Stopwatch watch(unit.cost.encode_seconds);
    const auto factor = factors.subspan(offset, unit.linear->factor_elements(number));
    unit.linear->factor(number, inputs[u], key_of(unit, round), factor, round.scratch);
    if (!round.faults.empty()) std::ranges::fill(factor, T(0));
    offset += factor.size();
    unit.cost.message_bytes += factor.size() * size_of(type);
  }
  Stopwatch watch(bucket.front().cost.exchange_seconds);
  average(factors, type, round);
  check_factors<T>(bucket, factors, number, type, round);
}

template <Element T>
void finish(Unit<T>& unit, std::span<const T> x, Round& round) {
  const SentFactors<T> sent(*unit.linear);
  if (unit.present && round.faults.empty()) {
    Stopwatch watch(unit.cost.encode_seconds);
    measure_error(unit, x, sent, round);
    unit.feedback->commit_all(x.size(), sent);
  }
  Stopwatch watch(unit.cost.decode_seconds);
  std::ranges::fill(unit.mean, T(0));
  unit.linear->reconstruct_axpy(T(1), unit.mean);
}

}  // namespace

template <Element T>
void linear(std::span<Unit<T>> bucket, Round& round) {
  check_signature(std::span<const Unit<T>>(bucket), "linear", round);
  const auto inputs = round.scratch.take<std::span<const T>>(bucket.size());
  int rounds = 0;
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    inputs[u] = input(bucket[u], round);
    rounds = std::max(rounds, bucket[u].linear->rounds());
  }
  for (int number = 0; number < rounds; ++number) {
    for (const ElementType type : {element_type<T>, ElementType::float16, ElementType::bfloat16}) {
      exchange_factors(bucket, std::span<const std::span<const T>>(inputs), number, type, round);
    }
  }
  for (std::size_t u = 0; u < bucket.size(); ++u) finish(bucket[u], inputs[u], round);
}

template void linear(std::span<Unit<float>>, Round&);
template void linear(std::span<Unit<double>>, Round&);

}  // namespace pith
