// SPDX-License-Identifier: Apache-2.0
// Plain loops, compiled once for every instruction set that the compiler knows; the best one that
// the machine has is taken at run time. All give the same bits: nothing here is contracted, and
// sums have an order of their own.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <pith/core/vector.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/core/vector.cc"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_CORE_VECTOR_LOOPS
#define PITH_CORE_VECTOR_LOOPS
namespace pith {

inline constexpr std::size_t kAbsoluteStripes = 32;
inline constexpr std::size_t kRows = 8;

template <class T>
struct VectorLoops {
  void (*axpy)(T a, const T* x, T* y, std::size_t n);
  void (*combine)(T a, const T* x, T b, const T* y, T* out, std::size_t n);
  void (*stream)(const T* x, T* y, std::size_t n);
  void (*scale)(T a, T* x, std::size_t n);
  void (*divide)(T* x, T divisor, std::size_t n);
  double (*absolute_sum)(const T* x, std::size_t n);
  double (*squared_norm)(const T* x, std::size_t n);
  bool (*all_finite)(const T* x, std::size_t n);
  bool (*copy_checked)(const T* x, T* y, std::size_t n);
  bool (*sum_divided)(const T* x, const T* y, T divisor, T* out, std::size_t n);
};

}  // namespace pith
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void axpy(T a, const T* x, T* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] += a * x[i];
}

// By hand, since a compiler must fear that `out` is a shifted y. What comes next is fetched while
// other loops go over this block.
template <class T>
void combine(T a, const T* x, T b, const T* y, T* out, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto va = hn::Set(d, a);
  const auto vb = hn::Set(d, b);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hwy::Prefetch(x + i + kPrefetchAhead / sizeof(T));
    hwy::Prefetch(y + i + kPrefetchAhead / sizeof(T));
    const auto ax = hn::Mul(va, hn::LoadU(d, x + i));
    hn::StoreU(hn::Add(ax, hn::Mul(vb, hn::LoadU(d, y + i))), d, out + i);
  }
  for (; i < n; ++i) out[i] = a * x[i] + b * y[i];
}

// Past the caches, for what is not read again soon: the old contents need not be fetched first.
template <class T>
void stream(const T* x, T* y, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i < n && reinterpret_cast<std::uintptr_t>(y + i) % (lanes * sizeof(T)) != 0; ++i) {
    y[i] = x[i];
  }
  for (; i + lanes <= n; i += lanes) hn::Stream(hn::LoadU(d, x + i), d, y + i);
  for (; i < n; ++i) y[i] = x[i];
}

template <class T>
void scale(T a, T* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] *= a;
}

// A product with the inverse of a power of two has the bits of the quotient, in a fraction of the
// time.
template <class T>
bool has_exact_inverse(T divisor) {
  int exponent = 0;
  return std::frexp(divisor, &exponent) == T(0.5) && exponent > 0;
}

template <class T>
void divide(T* x, T divisor, std::size_t n) {
  if (has_exact_inverse(divisor)) return scale(T(1) / divisor, x, n);
  for (std::size_t i = 0; i < n; ++i) x[i] /= divisor;
}

inline double fold(double* sums, std::size_t count) {
  for (std::size_t half = count / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
  }
  return sums[0];
}

// Element i is added to sum i % 16, so that registers of any width do the same.
template <class T, class Term>
double striped_sum(const T* x, std::size_t n, Term term) {
  constexpr std::size_t kStripes = 16;
  double sums[kStripes] = {};
  const std::size_t whole = n - n % kStripes;
  for (std::size_t i = 0; i < whole; i += kStripes) {
    for (std::size_t j = 0; j < kStripes; ++j) sums[j] += term(x[i + j]);
  }
  for (std::size_t i = whole; i < n; ++i) sums[i - whole] += term(x[i]);
  return fold(sums, kStripes);
}

// The sums of eight rows of 32 elements, added to those of the rows before.
template <class T>
HWY_INLINE void add_rows(const T* x, double* sums) {
  const hn::CappedTag<T, kAbsoluteStripes> d;
  const std::size_t lanes = hn::Lanes(d);
  alignas(64) T rows[kAbsoluteStripes];
  for (std::size_t j = 0; j < kAbsoluteStripes; j += lanes) {
    auto sum = hn::Abs(hn::LoadU(d, x + j));
    hwy::Prefetch(x + j + kPrefetchAhead / sizeof(T));
    for (std::size_t row = 1; row < kRows; ++row) {
      hwy::Prefetch(x + row * kAbsoluteStripes + j + kPrefetchAhead / sizeof(T));
      sum = hn::Add(sum, hn::Abs(hn::LoadU(d, x + row * kAbsoluteStripes + j)));
    }
    hn::Store(sum, d, rows + j);
  }
  for (std::size_t j = 0; j < kAbsoluteStripes; ++j) sums[j] += static_cast<double>(rows[j]);
}

template <class T>
double absolute_sum(const T* x, std::size_t n) {
  alignas(64) double sums[kAbsoluteStripes] = {};
  constexpr std::size_t kGroup = kRows * kAbsoluteStripes;
  const std::size_t whole = n - n % kGroup;
  for (std::size_t i = 0; i < whole; i += kGroup) add_rows(x + i, sums);
  for (std::size_t i = whole; i < n; ++i) {
    sums[i % kAbsoluteStripes] += std::abs(static_cast<double>(x[i]));
  }
  const double sum = fold(sums, kAbsoluteStripes);
  if (std::isfinite(sum)) return sum;
  // Eight of the largest numbers are more than T holds.
  return striped_sum(x, n, [](T v) HWY_ATTR { return std::abs(static_cast<double>(v)); });
}

template <class T>
double squared_norm(const T* x, std::size_t n) {
  return striped_sum(x, n,
                     [](T v) HWY_ATTR { return static_cast<double>(v) * static_cast<double>(v); });
}

// As whole numbers, the magnitudes of infinities and NaNs are above those of all numbers.
template <class D, class Largest>
HWY_INLINE Largest larger_magnitude(D, Largest largest, hn::Vec<D> v) {
  const hn::RebindToSigned<D> bits;
  constexpr auto kMagnitude = std::numeric_limits<hn::TFromD<decltype(bits)>>::max();
  return hn::Max(largest, hn::And(hn::Set(bits, kMagnitude), hn::BitCast(bits, v)));
}

// Of the magnitudes of vectors, and the numbers that fill no vector.
template <class D, class Largest, class T>
HWY_INLINE bool are_finite(D, Largest largest, const T* rest, std::size_t n) {
  const hn::RebindToSigned<D> bits;
  using Bits = hn::TFromD<decltype(bits)>;
  constexpr auto kInfinity = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
  bool finite = hn::GetLane(hn::MaxOfLanes(bits, largest)) < kInfinity;
  for (std::size_t i = 0; i < n; ++i) finite = std::isfinite(rest[i]) && finite;
  return finite;
}

template <class T>
bool all_finite(const T* x, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  auto even = hn::Zero(hn::RebindToSigned<decltype(d)>());
  auto odd = even;
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    even = larger_magnitude(d, even, hn::LoadU(d, x + i));
    odd = larger_magnitude(d, odd, hn::LoadU(d, x + i + lanes));
  }
  return are_finite(d, hn::Max(even, odd), x + i, n - i);
}

template <class T>
bool copy_checked(const T* x, T* y, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  auto largest = hn::Zero(hn::RebindToSigned<decltype(d)>());
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    hwy::Prefetch(x + i + kPrefetchAhead / sizeof(T));
    hn::StoreU(v, d, y + i);
    largest = larger_magnitude(d, largest, v);
  }
  std::copy(x + i, x + n, y + i);
  return are_finite(d, largest, x + i, n - i);
}

// By hand, since `out` may be x or y.
template <class T>
bool sum_divided(const T* x, const T* y, T divisor, T* out, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const bool exact = has_exact_inverse(divisor);
  const auto factor = hn::Set(d, exact ? T(1) / divisor : divisor);
  auto largest = hn::Zero(hn::RebindToSigned<decltype(d)>());
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto sum = hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, y + i));
    const auto quotient = exact ? hn::Mul(sum, factor) : hn::Div(sum, factor);
    hn::StoreU(quotient, d, out + i);
    largest = larger_magnitude(d, largest, quotient);
  }
  const std::size_t rest = i;
  for (; i < n; ++i) out[i] = (x[i] + y[i]) / divisor;
  return are_finite(d, largest, out + rest, n - rest);
}

template <class T>
constexpr VectorLoops<T> kLoops{axpy<T>,         combine<T>,      stream<T>,       scale<T>,
                                divide<T>,       absolute_sum<T>, squared_norm<T>, all_finite<T>,
                                copy_checked<T>, sum_divided<T>};

const VectorLoops<float>* float_loops() { return &kLoops<float>; }
const VectorLoops<double>* double_loops() { return &kLoops<double>; }
void stream_bytes(const std::uint8_t* x, std::uint8_t* y, std::size_t n) { stream(x, y, n); }

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(float_loops);
HWY_EXPORT(double_loops);
HWY_EXPORT(stream_bytes);

template <Element T>
const VectorLoops<T>& loops() {
  if constexpr (std::same_as<T, float>) {
    return *HWY_DYNAMIC_DISPATCH(float_loops)();
  } else {
    return *HWY_DYNAMIC_DISPATCH(double_loops)();
  }
}

}  // namespace

// A large y is not in a cache, and to be written past the caches it need not be read first.
template <Element T>
void copy(std::span<const T> x, std::span<T> y) {
  constexpr std::size_t kLargeBytes = std::size_t{4} << 20;
  if (x.data() == y.data()) return;
  if (x.size_bytes() < kLargeBytes) {
    std::ranges::copy(x, y.begin());
    return;
  }
  stream(x, y);
  end_stream();
}

template <Element T>
void axpy(T a, std::span<const T> x, std::span<T> y) {
  loops<T>().axpy(a, x.data(), y.data(), x.size());
}

template <Element T>
void combine(T a, std::span<const T> x, T b, std::span<const T> y, std::span<T> out) {
  loops<T>().combine(a, x.data(), b, y.data(), out.data(), x.size());
}

template <Element T>
void stream(std::span<const T> x, std::span<T> y) {
  loops<T>().stream(x.data(), y.data(), x.size());
}

void stream(std::span<const std::byte> x, std::span<std::byte> y) {
  HWY_DYNAMIC_DISPATCH(stream_bytes)
  (reinterpret_cast<const std::uint8_t*>(x.data()), reinterpret_cast<std::uint8_t*>(y.data()),
   x.size());
}

void end_stream() { hwy::FlushStream(); }

template <Element T>
void scale(T a, std::span<T> x) {
  loops<T>().scale(a, x.data(), x.size());
}

template <Element T>
void divide(std::span<T> x, T divisor) {
  loops<T>().divide(x.data(), divisor, x.size());
}

template <Element T>
double absolute_sum(std::span<const T> x) {
  return loops<T>().absolute_sum(x.data(), x.size());
}

template <Element T>
double squared_norm(std::span<const T> x) {
  return loops<T>().squared_norm(x.data(), x.size());
}

template <Element T>
bool all_finite(std::span<const T> x) {
  return loops<T>().all_finite(x.data(), x.size());
}

template <Element T>
bool copy_checked(std::span<const T> x, std::span<T> y) {
  return loops<T>().copy_checked(x.data(), y.data(), x.size());
}

template <Element T>
bool sum_divided(std::span<const T> x, std::span<const T> y, T divisor, std::span<T> out) {
  return loops<T>().sum_divided(x.data(), y.data(), divisor, out.data(), out.size());
}

#define PITH_INSTANTIATE(T)                                                              \
  template void copy<T>(std::span<const T>, std::span<T>);                               \
  template void axpy<T>(T, std::span<const T>, std::span<T>);                            \
  template void combine<T>(T, std::span<const T>, T, std::span<const T>, std::span<T>);  \
  template void stream<T>(std::span<const T>, std::span<T>);                             \
  template void scale<T>(T, std::span<T>);                                               \
  template void divide<T>(std::span<T>, T);                                              \
  template double absolute_sum<T>(std::span<const T>);                                   \
  template double squared_norm<T>(std::span<const T>);                                   \
  template bool copy_checked<T>(std::span<const T>, std::span<T>);                       \
  template bool sum_divided<T>(std::span<const T>, std::span<const T>, T, std::span<T>); \
  template bool all_finite<T>(std::span<const T>);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
#endif
