// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <pith/compressors/mean_numbers.h>
#include <pith/core/vector.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/mean_numbers.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#include "mean.inc"

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class Number>
class Numbers {
 public:
  static constexpr std::size_t kLeastLanes = 1;

  Numbers() = default;
  explicit Numbers(const std::byte* bytes) : bytes_(bytes) {}

  float value(std::size_t i) const {
    Number number;
    std::memcpy(&number, bytes_ + i * sizeof(Number), sizeof(Number));
    return to_float(number);
  }

  template <class D>
  HWY_INLINE hn::Vec<D> values(D d, std::size_t i) const {
    const auto at = bytes_ + i * sizeof(Number);
    if constexpr (std::is_same_v<Number, float>) {
      return hn::LoadU(d, reinterpret_cast<const float*>(at));
    } else {
      const hn::Rebind<std::uint16_t, D> bits;
      return widened(d, hn::LoadU(bits, reinterpret_cast<const std::uint16_t*>(at)));
    }
  }

  template <class D>
  static HWY_INLINE hn::Vec<D> in_order(D, hn::Vec<D> sum) {
    return sum;
  }

 private:
  template <class D, class Bits>
  static HWY_INLINE hn::Vec<D> widened(D d, Bits bits) {
    if constexpr (std::is_same_v<Number, Half>) {
      return hn::PromoteTo(d, hn::BitCast(hn::Rebind<hwy::float16_t, D>(), bits));
    } else {
      const hn::RebindToUnsigned<D> du;
      return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(du, bits)));
    }
  }

  const std::byte* bytes_ = nullptr;
};

template <class Number>
void mean(const std::byte* const* all, std::size_t count, float divisor, float* y, std::size_t n,
          bool streamed) {
  Numbers<Number> numbers[kMeanTogether];
  for (std::size_t m = 0; m < count; ++m) numbers[m] = Numbers<Number>(all[m]);
  mean_of_messages(numbers, count, divisor, y, n, streamed);
}

#define PITH_MEAN(Name, Number)                                                      \
  void Name(const std::byte* const* all, std::size_t count, float divisor, float* y, \
            std::size_t n, bool streamed) {                                          \
    mean<Number>(all, count, divisor, y, n, streamed);                               \
  }
PITH_MEAN(mean_halves, Half)
PITH_MEAN(mean_bfloat16s, BFloat16)
PITH_MEAN(mean_floats, float)
#undef PITH_MEAN

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {

#define PITH_MEAN(Name, Number)                                                                \
  HWY_EXPORT(Name);                                                                            \
  template <>                                                                                  \
  void mean_numbers<Number>(std::span<const std::byte* const> all, float divisor,              \
                            std::span<float> y, bool streamed) {                               \
    HWY_DYNAMIC_DISPATCH(Name)(all.data(), all.size(), divisor, y.data(), y.size(), streamed); \
  }
PITH_MEAN(mean_halves, Half)
PITH_MEAN(mean_bfloat16s, BFloat16)
PITH_MEAN(mean_floats, float)
#undef PITH_MEAN

}  // namespace pith
#endif
