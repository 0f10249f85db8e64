// SPDX-License-Identifier: Apache-2.0
// Loops that are compiled once for every instruction set, as in lib/core/vector.cc.
#include <cmath>
#include <cstddef>
#include <limits>

#include <pith/adaptive/level_loops.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/adaptive/level_loops.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_ADAPTIVE_LEVEL_LOOPS
#define PITH_ADAPTIVE_LEVEL_LOOPS
namespace pith {

template <Element T>
struct DistanceLoops {
  Distances (*to_whole)(const T* x, std::size_t n, T offset, T scale);
  Distances (*of_magnitudes)(const T* x, std::size_t n, T scale);
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

template <class T>
double fold(T* sums) {
  for (std::size_t half = kStripes / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
  }
  return static_cast<double>(sums[0]);
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
  return {fold(sums), fold(squares)};
}

template <class T>
Distances to_whole(const T* x, std::size_t n, T offset, T scale) {
  return distances(x, n, [=](T v) { return (v - offset) * scale; });
}

template <class T>
Distances of_magnitudes(const T* x, std::size_t n, T scale) {
  return distances(x, n, [=](T v) { return std::abs(v) * scale; });
}

template <Element T>
constexpr DistanceLoops<T> kLoops{to_whole<T>, of_magnitudes<T>};

const DistanceLoops<float>* float_loops() { return &kLoops<float>; }
const DistanceLoops<double>* double_loops() { return &kLoops<double>; }

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(float_loops);
HWY_EXPORT(double_loops);

template <Element T>
const DistanceLoops<T>& loops() {
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

#define PITH_INSTANTIATE(T)                                        \
  template Distances distances_to_whole(std::span<const T>, T, T); \
  template Distances distances_of_magnitudes(std::span<const T>, T);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
#endif
