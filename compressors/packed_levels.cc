// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstring>

#include <pith/compressors/packed_levels.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/packed_levels.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#include "mean.inc"

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Codes of 4 or 8 bits, from a byte's start on. Vectors of 8 lanes or more begin with a byte, too.
template <Element T, unsigned width>
class Levels {
 public:
  static constexpr std::size_t kLeastLanes = 8;

  Levels() = default;
  explicit Levels(const PackedLevels<T>& packed)
      : bytes_(reinterpret_cast<const std::uint8_t*>(packed.codes)),
        min_(packed.min),
        unit_(packed.unit) {}

  T value(std::size_t i) const {
    const unsigned byte = bytes_[i * width / 8];
    const unsigned level = width == 8 ? byte : byte >> i % 2 * 4 & 15;
    return min_ + unit_ * static_cast<T>(static_cast<std::int32_t>(level));
  }

  // Where all 16 values fit into a vector they are looked up, which leaves them in the codes'
  // order.
  template <class D>
  HWY_INLINE hn::Vec<D> values(D d, std::size_t i) const {
    const hn::Rebind<std::int32_t, D> di;
    const std::uint8_t* const bytes = bytes_ + i * width / 8;
    if constexpr (kLookedUp<D>) {
      const auto table = scaled(d, hn::ConvertTo(d, hn::Iota(di, 0)));
      return hn::TableLookupLanes(table, hn::IndicesFromVec(d, codes(d, bytes)));
    } else {
      return scaled(d, levels(d, bytes));
    }
  }

  // Of the codes' order: lane 2j holds element j, lane 2j + 1 element 8 + j.
  template <class D>
  static HWY_INLINE hn::Vec<D> in_order(D d, hn::Vec<D> v) {
    if constexpr (kLookedUp<D>) {
      const hn::Rebind<std::uint32_t, D> du;
      const auto lane = hn::Iota(du, 0);
      const auto even = hn::And(hn::ShiftLeft<1>(lane), hn::Set(du, 15));
      return hn::TableLookupLanes(v, hn::IndicesFromVec(d, hn::Or(even, hn::ShiftRight<3>(lane))));
    } else {
      return v;
    }
  }

 private:
  template <class D>
  static constexpr bool kLookedUp = width == 4 && sizeof(T) == 4 && hn::MaxLanes(D()) == 16;

  template <class D>
  HWY_INLINE hn::Vec<D> scaled(D d, hn::Vec<D> levels) const {
    return hn::Add(hn::Set(d, min_), hn::Mul(hn::Set(d, unit_), levels));
  }

  // Every lane takes the bits that hold its code and shifts it down.
  template <class D>
  static HWY_INLINE hn::Vec<hn::Rebind<std::uint32_t, D>> codes([[maybe_unused]] D d,
                                                                const std::uint8_t* bytes) {
    const hn::Rebind<std::uint32_t, D> du;
    const auto lane = hn::Iota(du, 0);
    if constexpr (kLookedUp<D>) {
      const hn::Repartition<std::uint64_t, D> pairs;
      std::uint64_t word;
      std::memcpy(&word, bytes, sizeof(word));
      const auto shift = hn::ShiftLeft<2>(hn::ShiftRight<1>(lane));
      return hn::And(hn::Shr(hn::BitCast(du, hn::Set(pairs, word)), shift), hn::Set(du, 15));
    } else {
      std::uint32_t word;
      std::memcpy(&word, bytes, sizeof(word));
      return hn::And(hn::Shr(hn::Set(du, word), hn::ShiftLeft<2>(lane)), hn::Set(du, 15));
    }
  }

  template <class D>
  static HWY_INLINE hn::Vec<D> levels(D d, const std::uint8_t* bytes) {
    const hn::Rebind<std::int32_t, D> di;
    if constexpr (sizeof(T) == 8) {
      alignas(64) std::int32_t level[8];
      for (std::size_t j = 0; j < 8; ++j) {
        level[j] = width == 8 ? bytes[j] : bytes[j / 2] >> j % 2 * 4 & 15;
      }
      return hn::PromoteTo(d, hn::Load(di, level));
    } else if constexpr (width == 8) {
      return hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(hn::Rebind<std::uint8_t, D>(), bytes)));
    } else {
      return hn::ConvertTo(d, hn::BitCast(di, codes(d, bytes)));
    }
  }

  const std::uint8_t* bytes_ = nullptr;
  T min_ = 0;
  T unit_ = 0;
};

template <unsigned width, Element T>
void add_packed_of(T a, const PackedLevels<T>& packed, T* y, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const Levels<T, width> levels(packed);
  std::size_t i = 0;
  for (; lanes >= 8 && i + lanes <= n; i += lanes) {
    const auto value = levels.in_order(d, levels.values(d, i));
    hn::StoreU(hn::Add(hn::LoadU(d, y + i), hn::Mul(hn::Set(d, a), value)), d, y + i);
  }
  for (; i < n; ++i) y[i] += a * levels.value(i);
}

template <Element T>
void add_packed(T a, const PackedLevels<T>& packed, unsigned width, T* y, std::size_t n) {
  if (width == 4) return add_packed_of<4>(a, packed, y, n);
  add_packed_of<8>(a, packed, y, n);
}

template <unsigned width, Element T>
void mean_of_width(const PackedLevels<T>* all, std::size_t count, T divisor, T* y, std::size_t n,
                   bool streamed) {
  Levels<T, width> levels[kMeanTogether];
  for (std::size_t m = 0; m < count; ++m) levels[m] = Levels<T, width>(all[m]);
  mean_of_messages(levels, count, divisor, y, n, streamed);
}

template <Element T>
void mean(const PackedLevels<T>* all, std::size_t count, unsigned width, T divisor, T* y,
          std::size_t n, bool streamed) {
  if (width == 4) return mean_of_width<4>(all, count, divisor, y, n, streamed);
  mean_of_width<8>(all, count, divisor, y, n, streamed);
}

void add_floats(float a, const PackedLevels<float>& packed, unsigned width, float* y,
                std::size_t n) {
  add_packed(a, packed, width, y, n);
}

void add_doubles(double a, const PackedLevels<double>& packed, unsigned width, double* y,
                 std::size_t n) {
  add_packed(a, packed, width, y, n);
}

void mean_floats(const PackedLevels<float>* all, std::size_t count, unsigned width, float divisor,
                 float* y, std::size_t n, bool streamed) {
  mean(all, count, width, divisor, y, n, streamed);
}

void mean_doubles(const PackedLevels<double>* all, std::size_t count, unsigned width,
                  double divisor, double* y, std::size_t n, bool streamed) {
  mean(all, count, width, divisor, y, n, streamed);
}

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {

#define PITH_INSTANTIATE(T, Name)                                                              \
  HWY_EXPORT(add_##Name);                                                                      \
  HWY_EXPORT(mean_##Name);                                                                     \
  template <>                                                                                  \
  void add_packed_levels(T a, const PackedLevels<T>& packed, unsigned width, std::span<T> y) { \
    HWY_DYNAMIC_DISPATCH(add_##Name)(a, packed, width, y.data(), y.size());                    \
  }                                                                                            \
  template <>                                                                                  \
  void mean_packed_levels(std::span<const PackedLevels<T>> all, unsigned width, T divisor,     \
                          std::span<T> y, bool streamed) {                                     \
    HWY_DYNAMIC_DISPATCH(mean_##Name)                                                          \
    (all.data(), all.size(), width, divisor, y.data(), y.size(), streamed);                    \
  }
PITH_INSTANTIATE(float, floats)
PITH_INSTANTIATE(double, doubles)
#undef PITH_INSTANTIATE

}  // namespace pith
#endif
