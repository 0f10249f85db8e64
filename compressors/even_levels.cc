// SPDX-License-Identifier: Apache-2.0
// Loops that are compiled once for every instruction set, as in lib/core/vector.cc.
#include <bit>
#include <cmath>
#include <limits>

#include <pith/compressors/even_levels.h>
#include <pith/core/vector.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/even_levels.cc"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_COMPRESSORS_LEVEL_LOOPS
#define PITH_COMPRESSORS_LEVEL_LOOPS
namespace pith {

template <Element T>
struct LevelLoops {
  Extremes<T> (*extremes)(const T* x, std::size_t n);
  void (*nearest)(const T* x, std::size_t n, T min, T inverse, T top, std::uint8_t* levels);
  void (*nearest_nibbles)(const T* x, std::size_t n, T min, T inverse, T top, std::uint8_t* packed);
  void (*nearest_of_tiny)(const T* x, std::size_t n, T min, T unit, T top, std::uint8_t* levels);
  void (*add)(T a, const std::uint8_t* levels, T min, T unit, T* y, std::size_t n);
};

}  // namespace pith
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Magnitudes are compared as whole numbers, among which a NaN is the largest.
template <Element T>
class Seen {
 public:
  HWY_INLINE explicit Seen(T first)
      : least_(hn::Set(d, first)), most_(least_), magnitude_(magnitudes(least_)) {}

  HWY_INLINE void look_at(hn::Vec<hn::ScalableTag<T>> v) {
    least_ = hn::Min(least_, v);
    most_ = hn::Max(most_, v);
    magnitude_ = hn::Max(magnitude_, magnitudes(v));
  }

  HWY_INLINE void look_at(const Seen& other) {
    least_ = hn::Min(least_, other.least_);
    most_ = hn::Max(most_, other.most_);
    magnitude_ = hn::Max(magnitude_, other.magnitude_);
  }

  // A sum with 0 is never -0, whichever zero was found.
  HWY_INLINE Extremes<T> extremes() const {
    const T largest = std::bit_cast<T>(hn::GetLane(hn::MaxOfLanes(di, magnitude_)));
    return {hn::GetLane(hn::MinOfLanes(d, least_)) + T(0),
            hn::GetLane(hn::MaxOfLanes(d, most_)) + T(0), std::isfinite(largest)};
  }

 private:
  static constexpr hn::ScalableTag<T> d{};
  static constexpr hn::RebindToSigned<hn::ScalableTag<T>> di{};
  using Bits = hn::TFromD<hn::RebindToSigned<hn::ScalableTag<T>>>;

  static HWY_INLINE auto magnitudes(hn::Vec<hn::ScalableTag<T>> v) {
    return hn::And(hn::Set(di, std::numeric_limits<Bits>::max()), hn::BitCast(di, v));
  }

  hn::Vec<hn::ScalableTag<T>> least_;
  hn::Vec<hn::ScalableTag<T>> most_;
  hn::Vec<hn::RebindToSigned<hn::ScalableTag<T>>> magnitude_;
};

// Two at a time, since each waits for its last result.
template <Element T>
Extremes<T> extremes(const T* x, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  Seen<T> even(x[0]);
  Seen<T> odd(x[0]);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    hwy::Prefetch(x + i + kPrefetchAhead / sizeof(T));
    hwy::Prefetch(x + i + lanes + kPrefetchAhead / sizeof(T));
    even.look_at(hn::LoadU(d, x + i));
    odd.look_at(hn::LoadU(d, x + i + lanes));
  }
  for (; i < n; ++i) even.look_at(hn::Set(d, x[i]));
  even.look_at(odd);
  return even.extremes();
}

// Levels of as many elements as a vector has lanes.
class Rounded {
 public:
  HWY_INLINE Rounded(float min, float inverse, float top)
      : min_(hn::Set(d, min)), inverse_(hn::Set(d, inverse)), top_(hn::Set(d, top)) {}

  HWY_INLINE hn::Vec<hn::Rebind<std::uint32_t, hn::ScalableTag<float>>> levels(
      const float* x) const {
    const hn::Rebind<std::int32_t, decltype(d)> integers;
    const hn::Rebind<std::uint32_t, decltype(d)> numbers;
    const auto v = hn::Mul(hn::Sub(hn::LoadU(d, x), min_), inverse_);
    const auto above = hn::Add(hn::Min(v, top_), hn::Set(d, kHalf<float>));
    return hn::BitCast(numbers, hn::ConvertTo(integers, above));
  }

 private:
  static constexpr hn::ScalableTag<float> d{};
  hn::Vec<hn::ScalableTag<float>> min_;
  hn::Vec<hn::ScalableTag<float>> inverse_;
  hn::Vec<hn::ScalableTag<float>> top_;
};

void nearest(const float* x, std::size_t n, float min, float inverse, float top,
             std::uint8_t* levels) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  const std::size_t lanes = hn::Lanes(d);
  const Rounded rounded(min, inverse, top);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::TruncateTo(bytes, rounded.levels(x + i)), bytes, levels + i);
  }
  for (; i < n; ++i) levels[i] = level_at((x[i] - min) * inverse, top);
}

void nearest(const double* x, std::size_t n, double min, double inverse, double top,
             std::uint8_t* levels) {
  for (std::size_t i = 0; i < n; ++i) levels[i] = level_at((x[i] - min) * inverse, top);
}

template <class T>
void nibbles_from(std::size_t i, const T* x, std::size_t n, T min, T inverse, T top,
                  std::uint8_t* packed) {
  for (; i < n; i += 2) {
    const unsigned low = level_at((x[i] - min) * inverse, top);
    const unsigned high = level_at((x[i + 1] - min) * inverse, top);
    packed[i / 2] = static_cast<std::uint8_t>(low | high << 4);
  }
}

// Two codes of 4 bits meet in the lowest byte of the 64 bits that hold their levels.
void nearest_nibbles(const float* x, std::size_t n, float min, float inverse, float top,
                     std::uint8_t* packed) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<float> d;
  const hn::Repartition<std::uint64_t, decltype(d)> pairs;
  const hn::Rebind<std::uint8_t, decltype(pairs)> bytes;
  const std::size_t lanes = hn::Lanes(d);
  const Rounded rounded(min, inverse, top);
  for (; i + lanes <= n; i += lanes) {
    const auto levels = hn::BitCast(pairs, rounded.levels(x + i));
    const auto both = hn::Or(levels, hn::ShiftRight<28>(levels));
    hn::StoreU(hn::TruncateTo(bytes, both), bytes, packed + i / 2);
  }
#endif
  nibbles_from(i, x, n, min, inverse, top, packed);
}

void nearest_nibbles(const double* x, std::size_t n, double min, double inverse, double top,
                     std::uint8_t* packed) {
  nibbles_from(0, x, n, min, inverse, top, packed);
}

template <Element T>
void nearest_of_tiny(const T* x, std::size_t n, T min, T unit, T top, std::uint8_t* levels) {
  for (std::size_t i = 0; i < n; ++i) levels[i] = level_at((x[i] - min) / unit, top);
}

template <Element T>
void add(T a, const std::uint8_t* levels, T min, T unit, T* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    y[i] += a * (min + unit * static_cast<T>(static_cast<std::int32_t>(levels[i])));
  }
}

template <Element T>
constexpr LevelLoops<T> kLoops{extremes<T>, nearest, nearest_nibbles, nearest_of_tiny<T>, add<T>};

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
Extremes<T> extremes(std::span<const T> x) {
  return loops<T>().extremes(x.data(), x.size());
}

template <Element T>
void nearest_levels(std::span<const T> x, T min, T unit, T top, std::span<std::uint8_t> levels) {
  const T inverse = 1 / unit;
  if (std::isfinite(inverse)) {
    loops<T>().nearest(x.data(), x.size(), min, inverse, top, levels.data());
  } else {
    loops<T>().nearest_of_tiny(x.data(), x.size(), min, unit, top, levels.data());
  }
}

template <Element T>
bool nearest_nibbles(std::span<const T> x, T min, T unit, std::byte* packed) {
  const T inverse = 1 / unit;
  if (!std::isfinite(inverse)) return false;
  loops<T>().nearest_nibbles(x.data(), x.size(), min, inverse, 15,
                             reinterpret_cast<std::uint8_t*>(packed));
  return true;
}

template <Element T>
void add_levels(T a, std::span<const std::uint8_t> levels, T min, T unit, std::span<T> y) {
  loops<T>().add(a, levels.data(), min, unit, y.data(), y.size());
}

#define PITH_INSTANTIATE(T)                                                           \
  template Extremes<T> extremes(std::span<const T>);                                  \
  template void nearest_levels(std::span<const T>, T, T, T, std::span<std::uint8_t>); \
  template bool nearest_nibbles(std::span<const T>, T, T, std::byte*);                \
  template void add_levels(T, std::span<const std::uint8_t>, T, T, std::span<T>);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
#endif
