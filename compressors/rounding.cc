// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <pith/compressors/rounding.h>
#include <pith/core/half.h>

namespace pith {
namespace {

constexpr float kLargestHalf = 65504.0f;
constexpr float kLargestBFloat16 = 0x1.fep127f;

template <Element T>
float saturated(T x, float largest) {
  if (std::isinf(x)) return static_cast<float>(x);
  return static_cast<float>(std::clamp(x, T{-largest}, T{largest}));
}

}  // namespace

template <Element T>
void round_to(ElementType type, std::span<T> x) {
  if (type == ElementType::float16) {
    for (T& value : x) value = T{to_float(to_half(saturated(value, kLargestHalf)))};
  } else if (type == ElementType::bfloat16) {
    for (T& value : x) value = T{to_float(to_bfloat16(saturated(value, kLargestBFloat16)))};
  }
}

std::optional<double> rounding_contraction(ElementType type) {
  if (type == ElementType::float16) return std::nullopt;
  return type == ElementType::bfloat16 ? 1 - 0x1p-16 : 1.0;
}

template void round_to<float>(ElementType, std::span<float>);
template void round_to<double>(ElementType, std::span<double>);

}  // namespace pith
