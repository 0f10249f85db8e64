// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <pith/compressors/block_message.h>
#include <pith/compressors/rounding_point.h>
#include <pith/core/half.h>

// What levels.cc and levels.cu share.
namespace pith {

inline constexpr std::size_t kLargestLevelsBlock = 4096;  ///< what is sorted lies on the stack

struct Means {
  double low;
  double high;
};

/// In double, where no sum or square of numbers that bf16 holds overflows.
template <Element T>
constexpr double magnitude_in_range(T x) {
  return std::min<double>(std::abs(x), kLargestBFloat16);
}

/// The two means of `size` numbers in ascending order: at(i) is the i-th. The squared error is the
/// sum of squares less low sum^2 / low count + high sum^2 / high count.
template <class At>
constexpr Means two_means(std::size_t size, const At& at) {
  const auto count = static_cast<double>(size);
  double all = 0;
  for (std::size_t i = 0; i < size; ++i) all += at(i);
  Means best{all / count, all / count};
  double most = all * all / count;
  double low = 0;
  for (std::size_t i = 1; i < size; ++i) {
    low += at(i - 1);
    const auto below = static_cast<double>(i);
    const double kept = low * low / below + (all - low) * (all - low) / (count - below);
    if (kept <= most) continue;
    most = kept;
    best = {low / below, (all - low) / (count - below)};
  }
  return best;
}

/// Of a block, as on the wire.
struct Scales {
  BFloat16 low;
  BFloat16 high;
};

/// A magnitude as a scale; what lies beyond the largest one becomes that.
constexpr BFloat16 scale_of(double magnitude) {
  return to_bfloat16(static_cast<float>(std::min<double>(magnitude, kLargestBFloat16)));
}

/// A scheme of block_message.h, but for how a block is measured.
template <Element T>
class SignAndLevel {
 public:
  using Statistics = Scales;

  explicit SignAndLevel(unsigned bits) : bits_(bits) {}

  constexpr unsigned width() const { return bits_; }
  constexpr Rounding rounding() const { return Rounding::nearest; }

  constexpr std::uint32_t code(T x, const Scales& block, const auto& point,
                               std::uint64_t index) const {
    const T low = to_float(block.low);
    const T range = to_float(block.high) - low;
    const std::uint32_t sign = x < 0 ? levels() + 1 : 0;
    if (!(range > 0)) return sign;
    const T level = round_at((std::abs(x) - low) / range * top(), point.at(index));
    // A magnitude may lie below what bf16 makes of the least one.
    return sign | static_cast<std::uint32_t>(std::min(top(), std::max(T{0}, level)));
  }

  constexpr bool valid(const Scales& block) const {
    const float low = to_float(block.low);
    const float high = to_float(block.high);
    return low >= 0 && high >= low && std::isfinite(high);
  }

  constexpr T value(std::uint32_t code, const Scales& block) const {
    const T low = to_float(block.low);
    const T range = to_float(block.high) - low;
    const T magnitude = low + range * (static_cast<T>(code & levels()) / top());
    return code > levels() ? -magnitude : magnitude;
  }

 protected:
  constexpr std::uint32_t levels() const { return (1u << (bits_ - 1)) - 1; }

 private:
  constexpr T top() const { return static_cast<T>(levels()); }

  unsigned bits_;
};

}  // namespace pith
