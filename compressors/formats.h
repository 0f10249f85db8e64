// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>

#include <pith/core/element.h>
#include <pith/core/half.h>

// The number formats that elements are shortened to. Each has its type on the wire, its largest
// finite value, and the conversions between that type and float.
namespace pith {

struct Fp16 {
  using Number = Half;
  static constexpr float kLargest = 65504.0f;
  static Number from(float value) { return to_half(value); }
  static float to(Number number) { return to_float(number); }
};

struct Bf16 {
  using Number = BFloat16;
  static constexpr float kLargest = 0x1.fep127f;
  static Number from(float value) { return to_bfloat16(value); }
  static float to(Number number) { return to_float(number); }
};

struct Fp32 {
  using Number = float;
  static constexpr float kLargest = std::numeric_limits<float>::max();
  static Number from(float value) { return value; }
  static float to(Number number) { return number; }
};

/// x rounded to float and then to the format, to nearest, ties to even. What is finite stays so:
/// beyond the format's largest value it becomes that.
template <class Format, Element T>
typename Format::Number narrow(T x) {
  constexpr T kLargest = Format::kLargest;
  return Format::from(static_cast<float>(std::clamp(x, -kLargest, kLargest)));
}

}  // namespace pith
