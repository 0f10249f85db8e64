// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/core/element.h>
#include <pith/core/half.h>

namespace pith {

/// x, or the limit that it lies beyond. A NaN stays, which a device's max() and min() would drop.
__device__ inline float clamped(float x, float largest) {
  const float above = x < -largest ? -largest : x;
  return largest < above ? largest : above;
}

/// x as narrow() of convert.h makes it.
__device__ inline float narrowed(ElementType type, float x) {
  if (type == ElementType::float16) return to_float(to_half(clamped(x, kLargestHalf)));
  if (type == ElementType::bfloat16) return to_float(to_bfloat16(clamped(x, kLargestBFloat16)));
  return x;
}

/// round_to() of rounding.h: there a rounded zero has no sign.
__device__ inline float rounded(ElementType type, float x) {
  if (type == ElementType::float32 || isinf(x)) return x;
  return 0.0f + narrowed(type, x);
}

}  // namespace pith
