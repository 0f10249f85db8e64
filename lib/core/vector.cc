// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cstdint>

#include <pith/core/vector.h>

namespace pith {
namespace {

// All exponent bits set means NaN or infinity; as integers, so that the loop vectorises.
bool non_finite(float x) { return (std::bit_cast<std::uint32_t>(x) & 0x7f800000u) == 0x7f800000u; }
bool non_finite(double x) {
  constexpr std::uint64_t kExponent = 0x7ff0000000000000u;
  return (std::bit_cast<std::uint64_t>(x) & kExponent) == kExponent;
}

}  // namespace

template <Element T>
void copy(std::span<const T> x, std::span<T> y) {
  if (x.data() != y.data()) std::ranges::copy(x, y.begin());
}

template <Element T>
void axpy(T a, std::span<const T> x, std::span<T> y) {
  for (std::size_t i = 0; i < x.size(); ++i) y[i] += a * x[i];
}

template <Element T>
void combine(T a, std::span<const T> x, T b, std::span<const T> y, std::span<T> out) {
  for (std::size_t i = 0; i < x.size(); ++i) out[i] = a * x[i] + b * y[i];
}

template <Element T>
void scale(T a, std::span<T> x) {
  for (T& value : x) value *= a;
}

template <Element T>
void divide(std::span<T> x, T divisor) {
  for (T& value : x) value /= divisor;
}

template <Element T>
double squared_norm(std::span<const T> x) {
  double sum = 0;
  for (const T value : x) sum += static_cast<double>(value) * static_cast<double>(value);
  return sum;
}

template <Element T>
bool all_finite(std::span<const T> x) {
  bool found = false;
  for (const T value : x) found |= non_finite(value);
  return !found;
}

#define PITH_INSTANTIATE(T)                                                             \
  template void copy<T>(std::span<const T>, std::span<T>);                              \
  template void axpy<T>(T, std::span<const T>, std::span<T>);                           \
  template void combine<T>(T, std::span<const T>, T, std::span<const T>, std::span<T>); \
  template void scale<T>(T, std::span<T>);                                              \
  template void divide<T>(std::span<T>, T);                                             \
  template double squared_norm<T>(std::span<const T>);                                  \
  template bool all_finite<T>(std::span<const T>);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
