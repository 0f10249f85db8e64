// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <cuda_runtime.h>

namespace pith {

/// Without their sign bit, floats order like their bit patterns (collect.h).
inline constexpr std::uint32_t kMagnitudeMask = 0x7fffffffu;
inline constexpr std::uint32_t kInfinityBits = 0x7f800000u;

__device__ inline std::uint32_t magnitude_bits(float x) {
  return __float_as_uint(x) & kMagnitudeMask;
}

}  // namespace pith
