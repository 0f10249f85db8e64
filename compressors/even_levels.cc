// SPDX-License-Identifier: Apache-2.0
// Plain loops, compiled once for every instruction set, as in lib/core/vector.cc.
#include <type_traits>

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

// Adding 1/2 before it is cut off would round up the largest number below 1/2. Levels are numbers
// of T's own width first: loops over two widths at once do not vectorise.
template <Element T>
void nearest(const T* x, std::size_t n, T min, T unit, T top, std::uint8_t* levels) {
  using Wide = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  constexpr std::size_t kChunk = 256;
  Wide wide[kChunk];
  for (std::size_t start = 0; start < n; start += kChunk) {
    const std::size_t count = n - start < kChunk ? n - start : kChunk;
    for (std::size_t i = 0; i < count; ++i) {
      const T v = (x[start + i] - min) / unit;
      const T above = v > 0 ? v : T{0};
      const T inside = above < top ? above : top;
      const auto lower = static_cast<Wide>(inside);
      wide[i] = inside - static_cast<T>(lower) >= T(0.5) ? lower + 1 : lower;
    }
    for (std::size_t i = 0; i < count; ++i) levels[start + i] = static_cast<std::uint8_t>(wide[i]);
  }
}

template <Element T>
void add(T a, const std::uint8_t* levels, T min, T unit, T* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    y[i] += a * (min + unit * static_cast<T>(static_cast<std::int32_t>(levels[i])));
  }
}

template <Element T>
constexpr LevelLoops<T> kLoops{min_max<T>, nearest<T>, add<T>};

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
