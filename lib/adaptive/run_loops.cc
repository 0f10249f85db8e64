// SPDX-License-Identifier: Apache-2.0
// Loops that are compiled once for every instruction set, as in lib/core/vector.cc.
#include <cmath>
#include <cstddef>
#include <limits>

#include <pith/adaptive/run_loops.h>
#include <pith/core/vector.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/adaptive/run_loops.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_ADAPTIVE_RUN_LOOPS
#define PITH_ADAPTIVE_RUN_LOOPS
namespace pith {

template <Element T>
struct RunLoops {
  Distances (*to_whole)(const T* x, std::size_t n, T offset, T scale);
  Distances (*of_magnitudes)(const T* x, std::size_t n, T scale);
  T (*squares)(const T* x, std::size_t n);
};

}  // namespace pith
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

constexpr std::size_t kStripes = 16;

// Adding it leaves no bit for a fraction.
template <class T>
constexpr T kRounder = T(1.5) / std::numeric_limits<T>::epsilon();

template <class T, std::size_t N>
T fold(T (&sums)[N]) {
  for (std::size_t half = N / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
  }
  return sums[0];
}

template <class T, class Value>
HWY_INLINE Distances distances(const T* x, std::size_t n, Value value) {
  T sums[kStripes] = {};
  T squares[kStripes] = {};
  const auto add = [&](T v, std::size_t j) {
    const T distance = std::abs(v - ((v + kRounder<T>)-kRounder<T>));
    sums[j] += distance;
    squares[j] += distance * distance;
  };
  const std::size_t whole = n - n % kStripes;
  for (std::size_t i = 0; i < whole; i += kStripes) {
    for (std::size_t j = 0; j < kStripes; ++j) add(value(x[i + j]), j);
  }
  for (std::size_t i = whole; i < n; ++i) add(value(x[i]), i - whole);
  return {static_cast<double>(fold(sums)), static_cast<double>(fold(squares))};
}

template <class T>
Distances to_whole(const T* x, std::size_t n, T offset, T scale) {
  return distances(x, n, [=](T v) { return (v - offset) * scale; });
}

template <class T>
Distances of_magnitudes(const T* x, std::size_t n, T scale) {
  return distances(x, n, [=](T v) { return std::abs(v) * scale; });
}

template <class T>
T squares(const T* x, std::size_t n) {
  constexpr std::size_t kSums = 64;
  T sums[kSums] = {};
  const std::size_t whole = n - n % kSums;
  for (std::size_t i = 0; i < whole; i += kSums) {
    for (std::size_t j = 0; j < kSums; ++j) sums[j] += x[i + j] * x[i + j];
  }
  for (std::size_t i = whole; i < n; ++i) sums[i - whole] += x[i] * x[i];
  return fold(sums);
}

template <Element T>
constexpr RunLoops<T> kLoops{to_whole<T>, of_magnitudes<T>, squares<T>};

const RunLoops<float>* float_loops() { return &kLoops<float>; }
const RunLoops<double>* double_loops() { return &kLoops<double>; }

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(float_loops);
HWY_EXPORT(double_loops);

template <Element T>
const RunLoops<T>& loops() {
  if constexpr (std::same_as<T, float>) {
    return *HWY_DYNAMIC_DISPATCH(float_loops)();
  } else {
    return *HWY_DYNAMIC_DISPATCH(double_loops)();
  }
}

}  // namespace

template <Element T>
Distances distances_to_whole(std::span<const T> x, T offset, T scale) {
  return loops<T>().to_whole(x.data(), x.size(), offset, scale);
}

template <Element T>
Distances distances_of_magnitudes(std::span<const T> x, T scale) {
  return loops<T>().of_magnitudes(x.data(), x.size(), scale);
}

// Squares that are lost below the smallest number are no part of a sum that is far above it.
template <Element T>
double squared_norm_of_run(std::span<const T> x) {
  constexpr T kLeast = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon() * 0x1p40f;
  const T squares = loops<T>().squares(x.data(), x.size());
  if (std::isfinite(squares) && squares >= kLeast) return static_cast<double>(squares);
  return squared_norm(x);
}

#define PITH_INSTANTIATE(T)                                          \
  template Distances distances_to_whole(std::span<const T>, T, T);   \
  template Distances distances_of_magnitudes(std::span<const T>, T); \
  template double squared_norm_of_run(std::span<const T>);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
#endif
