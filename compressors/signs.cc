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
void add(const std::uint8_t* bits, T value, T* y, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto plus = hn::Set(d, value);
  const auto minus = hn::Set(d, -value);
  std::size_t i = 0;
  for (; lanes >= 8 && i + lanes <= n; i += lanes) {
    const auto positive = hn::LoadMaskBits(d, bits + i / 8);
    const auto sum = hn::Add(hn::LoadU(d, y + i), hn::IfThenElse(positive, plus, minus));
    hn::StoreU(sum, d, y + i);
  }
  for (; i < n; ++i) y[i] += (bits[i / 8] >> i % 8 & 1) != 0 ? value : -value;
}

void pack_floats(const float* x, std::size_t n, std::uint8_t* bits) { pack(x, n, bits); }
void pack_doubles(const double* x, std::size_t n, std::uint8_t* bits) { pack(x, n, bits); }

void add_floats(const std::uint8_t* bits, float value, float* y, std::size_t n) {
  add(bits, value, y, n);
}

void add_doubles(const std::uint8_t* bits, double value, double* y, std::size_t n) {
  add(bits, value, y, n);
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
void add_signed(std::span<const std::byte> bits, float value, std::span<float> y) {
  HWY_DYNAMIC_DISPATCH(add_floats)
  (reinterpret_cast<const std::uint8_t*>(bits.data()), value, y.data(), y.size());
}

template <>
void add_signed(std::span<const std::byte> bits, double value, std::span<double> y) {
  HWY_DYNAMIC_DISPATCH(add_doubles)
  (reinterpret_cast<const std::uint8_t*>(bits.data()), value, y.data(), y.size());
}

}  // namespace pith
#endif
