// SPDX-License-Identifier: Apache-2.0
#include "floors.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <pith/collectives/stopwatch.h>

namespace pith::bench {
namespace {

template <Element T>
using Bits = std::conditional_t<std::same_as<T, float>, std::uint32_t, std::uint64_t>;

// Whole numbers, because the compiler may not reorder a sum of real ones and so not vectorise it.
template <Element T>
[[gnu::always_inline]] inline Bits<T> sum_of_bits(const T* x, std::size_t n) {
  Bits<T> sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += std::bit_cast<Bits<T>>(x[i]);
  return sum;
}

template <Element T>
[[gnu::always_inline]] inline void add(const T* __restrict x, T* __restrict y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] += x[i];
}

template <Element T>
struct Kernels {
  Bits<T> (*read)(const T*, std::size_t);
  void (*add)(const T*, T*, std::size_t);
};

template <Element T>
Bits<T> read_plain(const T* x, std::size_t n) {
  return sum_of_bits(x, n);
}

template <Element T>
void add_plain(const T* x, T* y, std::size_t n) {
  add(x, y, n);
}

#ifdef __x86_64__
template <Element T>
[[gnu::target("avx2")]] Bits<T> read_avx2(const T* x, std::size_t n) {
  return sum_of_bits(x, n);
}

template <Element T>
[[gnu::target("avx2")]] void add_avx2(const T* x, T* y, std::size_t n) {
  add(x, y, n);
}
#endif

// A floor that is not as fast as the machine would flatter every codec.
template <Element T>
Kernels<T> fastest() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return {read_avx2<T>, add_avx2<T>};
#endif
  return {read_plain<T>, add_plain<T>};
}

// Keeps the compiler from leaving out work whose result nobody uses.
template <class V>
void use(const V& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

}  // namespace

template <Element T>
FloorSeconds Floors<T>::measure(std::span<const T> gradient) {
  static const Kernels<T> kernels = fastest<T>();
  FloorSeconds seconds;
  {
    Stopwatch watch(seconds.read);
    use(kernels.read(gradient.data(), gradient.size()));
  }
  {
    Stopwatch watch(seconds.copy);
    std::memcpy(residual_.data(), gradient.data(), gradient.size_bytes());
  }
  {
    Stopwatch watch(seconds.residual_add);
    kernels.add(gradient.data(), residual_.data(), gradient.size());
  }
  use(residual_.front());
  return seconds;
}

template class Floors<float>;
template class Floors<double>;

}  // namespace pith::bench
