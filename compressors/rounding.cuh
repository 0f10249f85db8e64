// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/core/element.h>
#include <pith/core/half.h>

namespace pith {

/// x, which is finite, as narrow() of convert.h makes it.
__device__ inline float narrowed(ElementType type, float x) {
  if (type == ElementType::float16) {
    return to_float(to_half(min(max(x, -kLargestHalf), kLargestHalf)));
  }
  if (type == ElementType::bfloat16) {
    return to_float(to_bfloat16(min(max(x, -kLargestBFloat16), kLargestBFloat16)));
  }
  return x;
}

/// round_to() of rounding.h, of what is no NaN: there a rounded zero has no sign.
__device__ inline float rounded(ElementType type, float x) {
  if (type == ElementType::float32 || isinf(x)) return x;
  return 0.0f + narrowed(type, x);
}

}  // namespace pith
