// SPDX-License-Identifier: Apache-2.0
// Plain loops, compiled once for every instruction set, as in vector.cc.
#include <bit>
#include <cstring>
#include <limits>

#include <pith/core/convert.h>
#include <pith/core/vector.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/core/convert.cc"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_CORE_CONVERT_LOOPS
#define PITH_CORE_CONVERT_LOOPS
namespace pith {

template <class Number, class T>
struct ConvertLoops {
  void (*narrow)(const T* x, std::size_t n, std::byte* numbers);
  void (*widen_axpy)(T a, const std::byte* numbers, T* y, std::size_t n);
};

/// The bits of one Number: its width, its largest finite value, and the bits of its exponent.
template <class Number>
struct Format;
template <>
struct Format<Half> {
  using Bits = std::uint16_t;
  static constexpr float kLargest = kLargestHalf;
  static constexpr Bits kExponent = 0x7c00;
};
template <>
struct Format<BFloat16> {
  using Bits = std::uint16_t;
  static constexpr float kLargest = kLargestBFloat16;
  static constexpr Bits kExponent = 0x7f80;
};
template <>
struct Format<float> {
  using Bits = std::uint32_t;
  static constexpr float kLargest = std::numeric_limits<float>::max();
  static constexpr Bits kExponent = 0x7f800000;
};

}  // namespace pith
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class Number, class T>
void narrow_rest(const T* x, std::size_t n, std::byte* numbers) {
  constexpr T kLargest = Format<Number>::kLargest;
  for (std::size_t i = 0; i < n; ++i) {
    const T above = x[i] < -kLargest ? -kLargest : x[i];
    const T inside = kLargest < above ? kLargest : above;
    const auto number = to_number<Number>(static_cast<float>(inside));
    std::memcpy(numbers + i * sizeof(Number), &number, sizeof(Number));
  }
}

template <class Number, class T>
void narrow(const T* x, std::size_t n, std::byte* numbers) {
  narrow_rest<Number>(x, n, numbers);
}

// What to_bfloat16() does: halves to even, by adding to the bits that are cut off.
std::size_t narrow_vectors(const float* x, std::size_t n, std::byte* numbers) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const hn::Rebind<std::uint16_t, decltype(d)> out;
  const auto most = hn::Set(d, kLargestBFloat16);
  const auto least = hn::Neg(most);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    hwy::Prefetch(x + i + kPrefetchAhead / sizeof(float));
    const auto v = hn::LoadU(d, x + i);
    const auto above = hn::IfThenElse(hn::Lt(v, least), least, v);
    const auto inside = hn::IfThenElse(hn::Lt(most, above), most, above);
    const auto bits = hn::BitCast(du, inside);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
    const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fff)));
    const auto nan = hn::RebindMask(du, hn::IsNaN(v));
    const auto quiet = hn::Or(hn::ShiftRight<16>(bits), hn::Set(du, 0x40));
    const auto number = hn::IfThenElse(nan, quiet, hn::ShiftRight<16>(rounded));
    hn::StoreU(hn::TruncateTo(out, number), out, reinterpret_cast<std::uint16_t*>(numbers) + i);
  }
  return i;
}

template <>
void narrow<BFloat16>(const float* x, std::size_t n, std::byte* numbers) {
  const std::size_t done = narrow_vectors(x, n, numbers);
  narrow_rest<BFloat16>(x + done, n - done, numbers + done * sizeof(BFloat16));
}

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
// What to_half() does, by the processor's own conversion, which would keep some of a NaN's bits.
std::size_t narrow_to_half(const float* x, std::size_t n, std::byte* numbers) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> half;
  const hn::RebindToUnsigned<decltype(half)> out;
  const auto most = hn::Set(d, kLargestHalf);
  const auto least = hn::Neg(most);
  const auto quiet = hn::Set(d, std::numeric_limits<float>::quiet_NaN());
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    hwy::Prefetch(x + i + kPrefetchAhead / sizeof(float));
    const auto v = hn::LoadU(d, x + i);
    const auto above = hn::IfThenElse(hn::Lt(v, least), least, v);
    const auto inside = hn::IfThenElse(hn::Lt(most, above), most, above);
    const auto number = hn::IfThenElse(hn::IsNaN(v), hn::CopySign(quiet, v), inside);
    hn::StoreU(hn::BitCast(out, hn::DemoteTo(half, number)), out,
               reinterpret_cast<std::uint16_t*>(numbers) + i);
  }
  return i;
}

std::size_t widen_half_axpy(float a, const std::byte* numbers, float* y, std::size_t n) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> half;
  const hn::RebindToUnsigned<decltype(half)> in;
  const auto factor = hn::Set(d, a);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto bits = hn::LoadU(in, reinterpret_cast<const std::uint16_t*>(numbers) + i);
    const auto value = hn::PromoteTo(d, hn::BitCast(half, bits));
    hn::StoreU(hn::Add(hn::LoadU(d, y + i), hn::Mul(factor, value)), d, y + i);
  }
  return i;
}
#else
std::size_t narrow_to_half(const float*, std::size_t, std::byte*) { return 0; }
std::size_t widen_half_axpy(float, const std::byte*, float*, std::size_t) { return 0; }
#endif

template <>
void narrow<Half>(const float* x, std::size_t n, std::byte* numbers) {
  const std::size_t done = narrow_to_half(x, n, numbers);
  narrow_rest<Half>(x + done, n - done, numbers + done * sizeof(Half));
}

template <class Number, class T>
void widen_rest_axpy(T a, const std::byte* numbers, T* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    Number number;
    std::memcpy(&number, numbers + i * sizeof(Number), sizeof(Number));
    y[i] += a * static_cast<T>(to_float(number));
  }
}

template <class Number, class T>
void widen_axpy(T a, const std::byte* numbers, T* y, std::size_t n) {
  widen_rest_axpy<Number>(a, numbers, y, n);
}

template <>
void widen_axpy<Half>(float a, const std::byte* numbers, float* y, std::size_t n) {
  const std::size_t done = widen_half_axpy(a, numbers, y, n);
  widen_rest_axpy<Half>(a, numbers + done * sizeof(Half), y + done, n - done);
}

template <class Number>
bool all_finite(const std::byte* numbers, std::size_t n) {
  using Bits = typename Format<Number>::Bits;
  Bits found = 0;
  for (std::size_t i = 0; i < n; ++i) {
    Bits bits;
    std::memcpy(&bits, numbers + i * sizeof(Bits), sizeof(Bits));
    const bool bad = (bits & Format<Number>::kExponent) == Format<Number>::kExponent;
    found = static_cast<Bits>(found | bad);
  }
  return found == 0;
}

template <class Number, class T>
const ConvertLoops<Number, T>* loops() {
  static constexpr ConvertLoops<Number, T> kLoops{narrow<Number, T>, widen_axpy<Number, T>};
  return &kLoops;
}

#define PITH_FORMAT(Name, Number)                                                               \
  const ConvertLoops<Number, float>* Name##_float_loops() { return loops<Number, float>(); }    \
  const ConvertLoops<Number, double>* Name##_double_loops() { return loops<Number, double>(); } \
  bool Name##_all_finite(const std::byte* numbers, std::size_t n) {                             \
    return all_finite<Number>(numbers, n);                                                      \
  }
PITH_FORMAT(half, Half)
PITH_FORMAT(bfloat16, BFloat16)
PITH_FORMAT(single, float)
#undef PITH_FORMAT

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {

#define PITH_FORMAT(Name, Number)                                                              \
  HWY_EXPORT(Name##_float_loops);                                                              \
  HWY_EXPORT(Name##_double_loops);                                                             \
  HWY_EXPORT(Name##_all_finite);                                                               \
  template <>                                                                                  \
  void narrow<Number>(std::span<const float> x, std::span<std::byte> numbers) {                \
    HWY_DYNAMIC_DISPATCH(Name##_float_loops)()->narrow(x.data(), x.size(), numbers.data());    \
  }                                                                                            \
  template <>                                                                                  \
  void narrow<Number>(std::span<const double> x, std::span<std::byte> numbers) {               \
    HWY_DYNAMIC_DISPATCH(Name##_double_loops)()->narrow(x.data(), x.size(), numbers.data());   \
  }                                                                                            \
  template <>                                                                                  \
  void widen_axpy<Number>(float a, std::span<const std::byte> numbers, std::span<float> y) {   \
    HWY_DYNAMIC_DISPATCH(Name##_float_loops)                                                   \
    ()->widen_axpy(a, numbers.data(), y.data(), y.size());                                     \
  }                                                                                            \
  template <>                                                                                  \
  void widen_axpy<Number>(double a, std::span<const std::byte> numbers, std::span<double> y) { \
    HWY_DYNAMIC_DISPATCH(Name##_double_loops)                                                  \
    ()->widen_axpy(a, numbers.data(), y.data(), y.size());                                     \
  }                                                                                            \
  template <>                                                                                  \
  bool all_finite_numbers<Number>(std::span<const std::byte> numbers) {                        \
    return HWY_DYNAMIC_DISPATCH(Name##_all_finite)(numbers.data(),                             \
                                                   numbers.size() / sizeof(Number));           \
  }
PITH_FORMAT(half, Half)
PITH_FORMAT(bfloat16, BFloat16)
PITH_FORMAT(single, float)
#undef PITH_FORMAT

}  // namespace pith
#endif
