// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/signs.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/signs.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// A mask of 8 lanes or more is whole bytes; of narrower vectors several make one byte.
template <class T>
void pack(const T* x, std::size_t n, std::uint8_t* bits) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto zero = hn::Zero(d);
  std::size_t i = 0;
  for (; lanes >= 8 && i + lanes <= n; i += lanes) {
    hn::StoreMaskBits(d, hn::Not(hn::Lt(hn::LoadU(d, x + i), zero)), bits + i / 8);
  }
  for (; i < n; i += 8) {
    unsigned byte = 0;
    for (std::size_t j = 0; j < 8; ++j) byte |= static_cast<unsigned>(!(x[i + j] < 0)) << j;
    bits[i / 8] = static_cast<std::uint8_t>(byte);
  }
}

template <class T>
T signed_value(const SignedBits<T>& one, std::size_t i) {
  const auto byte = std::to_integer<unsigned>(one.bits[i / 8]);
  return (byte >> i % 8 & 1) != 0 ? one.value : -one.value;
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> signed_values(D d, const SignedBits<T>& one, std::size_t i) {
  const auto bits = reinterpret_cast<const std::uint8_t*>(one.bits) + i / 8;
  const auto value = hn::Set(d, one.value);
  return hn::IfThenElse(hn::LoadMaskBits(d, bits), value, hn::Neg(value));
}

// A fixed number of them, so that each has its registers.
template <std::size_t count, class T>
void add_some(const SignedBits<T>* all, T* y, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  SignedBits<T> some[count];
  for (std::size_t m = 0; m < count; ++m) some[m] = all[m];
  std::size_t i = 0;
  for (; lanes >= 8 && i + lanes <= n; i += lanes) {
    auto sum = hn::LoadU(d, y + i);
    for (std::size_t m = 0; m < count; ++m) sum = hn::Add(sum, signed_values(d, some[m], i));
    hn::StoreU(sum, d, y + i);
  }
  for (; i < n; ++i) {
    for (std::size_t m = 0; m < count; ++m) y[i] += signed_value(some[m], i);
  }
}

template <class T>
void add(const SignedBits<T>* all, std::size_t count, T* y, std::size_t n) {
  for (; count >= 4; count -= 4, all += 4) add_some<4>(all, y, n);
  if (count >= 2) add_some<2>(all, y, n);
  if (count % 2 != 0) add_some<1>(all + count - 1, y, n);
}

void pack_floats(const float* x, std::size_t n, std::uint8_t* bits) { pack(x, n, bits); }
void pack_doubles(const double* x, std::size_t n, std::uint8_t* bits) { pack(x, n, bits); }

void add_floats(const SignedBits<float>* all, std::size_t count, float* y, std::size_t n) {
  add(all, count, y, n);
}

void add_doubles(const SignedBits<double>* all, std::size_t count, double* y, std::size_t n) {
  add(all, count, y, n);
}

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(pack_floats);
HWY_EXPORT(pack_doubles);
HWY_EXPORT(add_floats);
HWY_EXPORT(add_doubles);

}  // namespace

template <>
void pack_signs(std::span<const float> x, std::span<std::byte> bits) {
  HWY_DYNAMIC_DISPATCH(pack_floats)
  (x.data(), x.size(), reinterpret_cast<std::uint8_t*>(bits.data()));
}

template <>
void pack_signs(std::span<const double> x, std::span<std::byte> bits) {
  HWY_DYNAMIC_DISPATCH(pack_doubles)
  (x.data(), x.size(), reinterpret_cast<std::uint8_t*>(bits.data()));
}

template <>
void add_signed(std::span<const SignedBits<float>> all, std::span<float> y) {
  HWY_DYNAMIC_DISPATCH(add_floats)(all.data(), all.size(), y.data(), y.size());
}

template <>
void add_signed(std::span<const SignedBits<double>> all, std::span<double> y) {
  HWY_DYNAMIC_DISPATCH(add_doubles)(all.data(), all.size(), y.data(), y.size());
}

}  // namespace pith
#endif
