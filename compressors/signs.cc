// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include <pith/compressors/signs.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/signs.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#include "mean.inc"

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
class Signs {
 public:
  static constexpr std::size_t kLeastLanes = 8;  // whole bytes of bits

  Signs() = default;
  explicit Signs(const SignedBits<T>& one)
      : bits_(reinterpret_cast<const std::uint8_t*>(one.bits)), value_(one.value) {}

  T value(std::size_t i) const { return (bits_[i / 8] >> i % 8 & 1) != 0 ? value_ : -value_; }

  template <class D>
  HWY_INLINE hn::Vec<D> values(D d, std::size_t i) const {
    const auto value = hn::Set(d, value_);
    return hn::IfThenElse(hn::LoadMaskBits(d, bits_ + i / 8), value, hn::Neg(value));
  }

  template <class D>
  static HWY_INLINE hn::Vec<D> in_order(D, hn::Vec<D> sum) {
    return sum;
  }

 private:
  const std::uint8_t* bits_ = nullptr;
  T value_ = 0;
};

template <class T>
void add(const SignedBits<T>& one, T* y, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const Signs<T> signs(one);
  std::size_t i = 0;
  for (; lanes >= 8 && i + lanes <= n; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, y + i), signs.values(d, i)), d, y + i);
  }
  for (; i < n; ++i) y[i] += signs.value(i);
}

template <class T>
void mean(const SignedBits<T>* all, std::size_t count, T divisor, T* y, std::size_t n,
          bool streamed) {
  Signs<T> signs[kMeanTogether];
  for (std::size_t m = 0; m < count; ++m) signs[m] = Signs<T>(all[m]);
  mean_of_messages(signs, count, divisor, y, n, streamed);
}

void pack_floats(const float* x, std::size_t n, std::uint8_t* bits) { pack(x, n, bits); }
void pack_doubles(const double* x, std::size_t n, std::uint8_t* bits) { pack(x, n, bits); }

void add_floats(const SignedBits<float>& one, float* y, std::size_t n) { add(one, y, n); }
void add_doubles(const SignedBits<double>& one, double* y, std::size_t n) { add(one, y, n); }

void mean_floats(const SignedBits<float>* all, std::size_t count, float divisor, float* y,
                 std::size_t n, bool streamed) {
  mean(all, count, divisor, y, n, streamed);
}

void mean_doubles(const SignedBits<double>* all, std::size_t count, double divisor, double* y,
                  std::size_t n, bool streamed) {
  mean(all, count, divisor, y, n, streamed);
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
HWY_EXPORT(mean_floats);
HWY_EXPORT(mean_doubles);

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
void add_signed(const SignedBits<float>& one, std::span<float> y) {
  HWY_DYNAMIC_DISPATCH(add_floats)(one, y.data(), y.size());
}

template <>
void add_signed(const SignedBits<double>& one, std::span<double> y) {
  HWY_DYNAMIC_DISPATCH(add_doubles)(one, y.data(), y.size());
}

template <>
void mean_signed(std::span<const SignedBits<float>> all, float divisor, std::span<float> y,
                 bool streamed) {
  HWY_DYNAMIC_DISPATCH(mean_floats)(all.data(), all.size(), divisor, y.data(), y.size(), streamed);
}

template <>
void mean_signed(std::span<const SignedBits<double>> all, double divisor, std::span<double> y,
                 bool streamed) {
  HWY_DYNAMIC_DISPATCH(mean_doubles)(all.data(), all.size(), divisor, y.data(), y.size(), streamed);
}

}  // namespace pith
#endif
