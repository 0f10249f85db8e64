// SPDX-License-Identifier: Apache-2.0
// Loops that are compiled once for every instruction set, as in lib/core/vector.cc.
#include <pith/compressors/even_levels.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/even_levels.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_COMPRESSORS_LEVEL_LOOPS
#define PITH_COMPRESSORS_LEVEL_LOOPS
namespace pith {

template <Element T>
struct LevelLoops {
  MinMaxPair<T> (*min_max)(const T* x, std::size_t n);
  void (*nearest)(const T* x, std::size_t n, T min, T unit, T top, std::uint8_t* levels);
  void (*add)(T a, const std::uint8_t* levels, T min, T unit, T* y, std::size_t n);
};

}  // namespace pith
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Element i is compared with stripe i % 16, so that registers of any width do the same.
template <Element T>
MinMaxPair<T> min_max(const T* x, std::size_t n) {
  constexpr std::size_t kStripes = 16;
  T least[kStripes], most[kStripes];
  for (std::size_t j = 0; j < kStripes; ++j) least[j] = most[j] = x[0];
  const auto compare = [&](T v, std::size_t j) HWY_ATTR {
    least[j] = v < least[j] ? v : least[j];
    most[j] = most[j] < v ? v : most[j];
  };
  const std::size_t whole = n - n % kStripes;
  for (std::size_t i = 0; i < whole; i += kStripes) {
    for (std::size_t j = 0; j < kStripes; ++j) compare(x[i + j], j);
  }
  for (std::size_t i = whole; i < n; ++i) compare(x[i], i - whole);
  for (std::size_t j = 1; j < kStripes; ++j) {
    least[0] = least[j] < least[0] ? least[j] : least[0];
    most[0] = most[0] < most[j] ? most[j] : most[0];
  }
  return {least[0], most[0]};
}

// Adding 1/2 before it is cut off would round up the largest number below 1/2.
template <Element T>
std::uint8_t nearest_level(T x, T min, T unit, T top) {
  const T v = (x - min) / unit;
  const T above = v > 0 ? v : T{0};
  const T inside = above < top ? above : top;
  const auto lower = static_cast<std::int32_t>(inside);
  return static_cast<std::uint8_t>(inside - static_cast<T>(lower) >= T(0.5) ? lower + 1 : lower);
}

template <class D>
hn::VFromD<hn::Rebind<std::int32_t, D>> nearest_levels_of(D d, const float* x, hn::Vec<D> min,
                                                          hn::Vec<D> unit, hn::Vec<D> top) {
  const hn::Rebind<std::int32_t, D> integers;
  const auto v = hn::Div(hn::Sub(hn::LoadU(d, x), min), unit);
  const auto above = hn::IfThenElseZero(hn::Gt(v, hn::Zero(d)), v);  // and 0 for a NaN
  const auto inside = hn::Min(above, top);
  const auto lower = hn::ConvertTo(integers, inside);
  const auto rest = hn::Sub(inside, hn::ConvertTo(d, lower));
  const auto up = hn::RebindMask(integers, hn::Ge(rest, hn::Set(d, 0.5f)));
  return hn::Add(lower, hn::IfThenElseZero(up, hn::Set(integers, 1)));
}

void nearest(const float* x, std::size_t n, float min, float unit, float top,
             std::uint8_t* levels) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto rounded =
        nearest_levels_of(d, x + i, hn::Set(d, min), hn::Set(d, unit), hn::Set(d, top));
    hn::StoreU(hn::DemoteTo(bytes, rounded), bytes, levels + i);
  }
  for (; i < n; ++i) levels[i] = nearest_level(x[i], min, unit, top);
}

void nearest(const double* x, std::size_t n, double min, double unit, double top,
             std::uint8_t* levels) {
  for (std::size_t i = 0; i < n; ++i) levels[i] = nearest_level(x[i], min, unit, top);
}

template <Element T>
void add(T a, const std::uint8_t* levels, T min, T unit, T* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    y[i] += a * (min + unit * static_cast<T>(static_cast<std::int32_t>(levels[i])));
  }
}

template <Element T>
constexpr LevelLoops<T> kLoops{min_max<T>, nearest, add<T>};

const LevelLoops<float>* float_loops() { return &kLoops<float>; }
const LevelLoops<double>* double_loops() { return &kLoops<double>; }

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(float_loops);
HWY_EXPORT(double_loops);

template <Element T>
const LevelLoops<T>& loops() {
  if constexpr (std::same_as<T, float>) {
    return *HWY_DYNAMIC_DISPATCH(float_loops)();
  } else {
    return *HWY_DYNAMIC_DISPATCH(double_loops)();
  }
}

}  // namespace

template <Element T>
MinMaxPair<T> min_max(std::span<const T> x) {
  return loops<T>().min_max(x.data(), x.size());
}

template <Element T>
void nearest_levels(std::span<const T> x, T min, T unit, T top, std::span<std::uint8_t> levels) {
  loops<T>().nearest(x.data(), x.size(), min, unit, top, levels.data());
}

template <Element T>
void add_levels(T a, std::span<const std::uint8_t> levels, T min, T unit, std::span<T> y) {
  loops<T>().add(a, levels.data(), min, unit, y.data(), y.size());
}

#define PITH_INSTANTIATE(T)                                                           \
  template MinMaxPair<T> min_max(std::span<const T>);                                 \
  template void nearest_levels(std::span<const T>, T, T, T, std::span<std::uint8_t>); \
  template void add_levels(T, std::span<const std::uint8_t>, T, T, std::span<T>);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
#endif
