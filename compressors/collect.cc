// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cstring>
#include <type_traits>

#include <pith/compressors/collect.h>
#include <pith/core/vector.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/collect.cc"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Magnitudes are compared as signed numbers, which every instruction set can: they have no sign.
template <class T>
using Signed = hwy::MakeSigned<T>;

template <class D>
hn::Vec<D> magnitudes(D d, hn::Vec<D> bits) {
  using Bits = hwy::MakeUnsigned<hn::TFromD<D>>;
  return hn::And(bits, hn::Set(d, static_cast<hn::TFromD<D>>(~Bits{0} >> 1)));
}

template <class T, class D>
hn::Vec<D> bits_at(D d, const T* x) {
  return hn::BitCast(d, hn::LoadU(hn::Rebind<T, D>(), x));
}

// Compress and a plain store: a compressing store is many times slower on some machines.
template <class T, class D>
void append(D d, hn::Vec<D> bits, hn::Vec<D> below, std::size_t index, Candidates<T>& out) {
  const auto chosen = hn::Gt(magnitudes(d, bits), below);
  const hn::RebindToUnsigned<D> u;
  const auto indices = hn::Iota(u, static_cast<BitsOf<T>>(index));
  hn::StoreU(hn::Compress(indices, hn::RebindMask(u, chosen)), u, out.indices.data() + out.count);
  const hn::Rebind<T, D> floats;
  hn::StoreU(hn::BitCast(floats, hn::Compress(bits, chosen)), floats,
             out.values.data() + out.count);
  out.count += hn::CountTrue(d, chosen);
}

template <class T>
void append_one(T x, std::size_t index, BitsOf<T> least, Candidates<T>& out) {
  if ((std::bit_cast<BitsOf<T>>(x) & kMagnitudeBits<T>) < least) return;
  out.indices[out.count] = static_cast<BitsOf<T>>(index);
  out.values[out.count++] = x;
}

// One bit for each lane.
template <class D>
std::uint64_t bits_of(D d, hn::Mask<D> mask) {
  using Word = std::conditional_t<(hn::MaxLanes(D()) > 8), std::uint16_t, std::uint8_t>;
  std::uint8_t bytes[8];
  hn::StoreMaskBits(d, mask, bytes);
  Word word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// Few of them are fetched one by one, in fewer steps than a vector with any takes.
template <class T>
void append_each(std::uint64_t chosen, const T* x, std::size_t index, Candidates<T>& out) {
  for (; chosen != 0; chosen &= chosen - 1) {
    const auto j = static_cast<std::size_t>(std::countr_zero(chosen));
    out.indices[out.count] = static_cast<BitsOf<T>>(index + j);
    out.values[out.count++] = x[j];
  }
}

template <class T>
void collect(const T* x, std::size_t n, std::size_t first, BitsOf<T> least, Candidates<T>& out) {
  constexpr std::size_t kVectors = 4;
  constexpr int kFew = 8;
  const hn::ScalableTag<Signed<T>> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto below = hn::Set(d, static_cast<Signed<T>>(least) - 1);
  std::size_t i = 0;
  for (; i + kVectors * lanes <= n; i += kVectors * lanes) {
    for (std::size_t j = 0; j < kVectors; ++j) {
      hwy::Prefetch(x + i + j * lanes + kPrefetchAhead / sizeof(T));
    }
    const auto a = bits_at(d, x + i);
    const auto b = bits_at(d, x + i + lanes);
    const auto e = bits_at(d, x + i + 2 * lanes);
    const auto f = bits_at(d, x + i + 3 * lanes);
    const auto largest = hn::Max(hn::Max(magnitudes(d, a), magnitudes(d, b)),
                                 hn::Max(magnitudes(d, e), magnitudes(d, f)));
    if (HWY_LIKELY(hn::AllFalse(d, hn::Gt(largest, below)))) continue;
    std::uint64_t chosen = 0;
    for (std::size_t j = kVectors; j-- > 0;) {
      const auto magnitude = magnitudes(d, bits_at(d, x + i + j * lanes));
      chosen = chosen << lanes | bits_of(d, hn::Gt(magnitude, below));
    }
    if (std::popcount(chosen) <= kFew) {
      append_each(chosen, x + i, first + i, out);
    } else {
      for (std::size_t j = 0; j < kVectors; ++j) {
        append<T>(d, bits_at(d, x + i + j * lanes), below, first + i + j * lanes, out);
      }
    }
  }
  for (; i < n; ++i) append_one<T>(x[i], first + i, least, out);
}

template <class T>
void group_maxima(const T* x, std::size_t n, BitsOf<T>* maxima) {
  for (std::size_t g = 0; g < kGroups; ++g) maxima[g] = 0;
  for (std::size_t i = 0; i < n; i += kGroups) {
    const std::size_t count = n - i < kGroups ? n - i : kGroups;
    for (std::size_t g = 0; g < count; ++g) {
      const auto magnitude = std::bit_cast<BitsOf<T>>(x[i + g]) & kMagnitudeBits<T>;
      maxima[g] = maxima[g] < magnitude ? magnitude : maxima[g];
    }
  }
}

// Bit by bit from above, until just k are no less: faster than to reorder them, as no machine
// foresees which go where.
template <class Bits>
Bits kth_of_groups(const Bits* numbers, std::size_t n, std::size_t k) {
  Bits kth = 0;
  for (Bits bit = ~(~Bits{0} >> 1); bit > 0; bit >>= 1) {
    const Bits least = kth | bit;
    Bits count = 0;
    for (std::size_t i = 0; i < n; ++i) count += numbers[i] >= least ? 1 : 0;
    if (count < k) continue;
    kth = least;
    if (count == k) break;
  }
  Bits smallest = ~Bits{0};
  for (std::size_t i = 0; i < n; ++i) {
    const Bits number = numbers[i] < kth ? ~Bits{0} : numbers[i];
    smallest = number < smallest ? number : smallest;
  }
  return smallest;
}

std::uint32_t kth_of_32_bits(const std::uint32_t* numbers, std::size_t n, std::size_t k) {
  return kth_of_groups(numbers, n, k);
}

std::uint64_t kth_of_64_bits(const std::uint64_t* numbers, std::size_t n, std::size_t k) {
  return kth_of_groups(numbers, n, k);
}

void maxima_of_floats(const float* x, std::size_t n, std::uint32_t* maxima) {
  group_maxima(x, n, maxima);
}

void maxima_of_doubles(const double* x, std::size_t n, std::uint64_t* maxima) {
  group_maxima(x, n, maxima);
}

void collect_floats(const float* x, std::size_t n, std::size_t first, std::uint32_t least,
                    Candidates<float>& out) {
  collect(x, n, first, least, out);
}

void collect_doubles(const double* x, std::size_t n, std::size_t first, std::uint64_t least,
                     Candidates<double>& out) {
  collect(x, n, first, least, out);
}

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(collect_floats);
HWY_EXPORT(collect_doubles);
HWY_EXPORT(maxima_of_floats);
HWY_EXPORT(maxima_of_doubles);
HWY_EXPORT(kth_of_32_bits);
HWY_EXPORT(kth_of_64_bits);

}  // namespace

template <>
void collect(std::span<const float> x, std::size_t first, std::uint32_t least,
             Candidates<float>& out) {
  HWY_DYNAMIC_DISPATCH(collect_floats)(x.data(), x.size(), first, least, out);
}

template <>
void collect(std::span<const double> x, std::size_t first, std::uint64_t least,
             Candidates<double>& out) {
  HWY_DYNAMIC_DISPATCH(collect_doubles)(x.data(), x.size(), first, least, out);
}

template <>
void group_maxima(std::span<const float> x, std::span<std::uint32_t> maxima) {
  HWY_DYNAMIC_DISPATCH(maxima_of_floats)(x.data(), x.size(), maxima.data());
}

template <>
void group_maxima(std::span<const double> x, std::span<std::uint64_t> maxima) {
  HWY_DYNAMIC_DISPATCH(maxima_of_doubles)(x.data(), x.size(), maxima.data());
}

std::uint32_t kth_of_groups(std::span<const std::uint32_t> numbers, std::size_t k) {
  return HWY_DYNAMIC_DISPATCH(kth_of_32_bits)(numbers.data(), numbers.size(), k);
}

std::uint64_t kth_of_groups(std::span<const std::uint64_t> numbers, std::size_t k) {
  return HWY_DYNAMIC_DISPATCH(kth_of_64_bits)(numbers.data(), numbers.size(), k);
}

}  // namespace pith
#endif
