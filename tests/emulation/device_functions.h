// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "simt.h"

// The words and functions that only code for a device has. All threads of a device take turns, so
// atomic functions are plain ones.
#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)
#define __shared__ static  // one block runs at a time

struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

using std::isfinite;
using std::isinf;
using std::max;
using std::min;
// A device's of floats: the other one, if one is NaN.
inline float max(float a, float b) { return std::fmax(a, b); }
inline float min(float a, float b) { return std::fmin(a, b); }

inline void __syncthreads() { simt::sync_threads(); }
inline void __threadfence() {}

inline unsigned __ballot_sync(unsigned mask, int predicate) {
  const auto& all = simt::exchange(mask, predicate != 0);
  unsigned votes = 0;
  for (unsigned lane = 0; lane < simt::kWarp; ++lane) {
    if ((mask >> lane & 1) != 0 && all.values[lane] != 0) votes |= 1u << lane;
  }
  return votes;
}
inline int __syncthreads_or(int predicate) {
  static int any;
  simt::sync_threads();
  any = 0;
  simt::sync_threads();
  any |= predicate != 0;
  simt::sync_threads();
  return any;
}

namespace simt {

template <class V>
V shuffle(unsigned mask, V value, unsigned source) {
  static_assert(sizeof(V) == 4 || sizeof(V) == 8);
  using Bits = std::conditional_t<sizeof(V) == 4, std::uint32_t, std::uint64_t>;
  const auto& all = exchange(mask, std::bit_cast<Bits>(value));
  return std::bit_cast<V>(static_cast<Bits>(all.values[source % kWarp]));
}

inline unsigned own_lane() { return threadIdx.x % kWarp; }

}  // namespace simt

template <class V>
V __shfl_sync(unsigned mask, V value, int source, int = 32) {
  return simt::shuffle(mask, value, static_cast<unsigned>(source));
}
template <class V>
V __shfl_xor_sync(unsigned mask, V value, int bits, int = 32) {
  return simt::shuffle(mask, value, simt::own_lane() ^ static_cast<unsigned>(bits));
}
template <class V>
V __shfl_down_sync(unsigned mask, V value, unsigned distance, int = 32) {
  const unsigned source = simt::own_lane() + distance;
  return simt::shuffle(mask, value, source < simt::kWarp ? source : simt::own_lane());
}
template <class V>
V __shfl_up_sync(unsigned mask, V value, unsigned distance, int = 32) {
  const unsigned own = simt::own_lane();
  return simt::shuffle(mask, value, own >= distance ? own - distance : own);
}

inline int __popc(unsigned x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1; }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }

template <class V>
V atomicAdd(V* x, std::type_identity_t<V> value) {
  return std::exchange(*x, static_cast<V>(*x + value));
}
template <class V>
V atomicMin(V* x, std::type_identity_t<V> value) {
  return std::exchange(*x, std::min(*x, value));
}
template <class V>
V atomicOr(V* x, std::type_identity_t<V> value) {
  return std::exchange(*x, *x | value);
}
template <class V>
V atomicCAS(V* x, std::type_identity_t<V> expected, std::type_identity_t<V> value) {
  const V before = *x;
  if (before == expected) *x = value;
  return before;
}
