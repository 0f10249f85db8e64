// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include <pith/compressors/block_message.h>
#include <pith/compressors/levels.h>
#include <pith/core/arguments.h>
#include <pith/core/half.h>

namespace pith {
namespace {

constexpr std::size_t kLargestBlock = 4096;  // what is sorted lies on the stack
constexpr double kRounding = 0x1p-8;         // of bf16

// Of a block's elements, in ascending order. As bits, numbers have an order even if one is a NaN.
template <Element T>
class Magnitudes {
 public:
  explicit Magnitudes(std::span<const T> block) : count_(block.size()) {
    const auto end = std::ranges::transform(block, bits_.begin(), bits_of_magnitude).out;
    std::sort(bits_.begin(), end);
  }

  std::size_t count() const { return count_; }

  // In double, where no sum or square of numbers that bf16 holds overflows.
  double at(std::size_t i) const {
    return std::min<double>(std::bit_cast<T>(bits_[i]), kLargestBFloat16);
  }

 private:
  static BitsOf<T> bits_of_magnitude(T x) { return std::bit_cast<BitsOf<T>>(std::abs(x)); }

  std::size_t count_;
  std::array<BitsOf<T>, kLargestBlock> bits_;
};

struct Means {
  double low;
  double high;
};

// The squared error is the sum of squares less low sum^2 / low count + high sum^2 / high count.
template <Element T>
Means two_means(const Magnitudes<T>& magnitudes) {
  const auto count = static_cast<double>(magnitudes.count());
  double all = 0;
  for (std::size_t i = 0; i < magnitudes.count(); ++i) all += magnitudes.at(i);
  Means best{all / count, all / count};
  double most = all * all / count;
  double low = 0;
  for (std::size_t i = 1; i < magnitudes.count(); ++i) {
    low += magnitudes.at(i - 1);
    const auto below = static_cast<double>(i);
    const double kept = low * low / below + (all - low) * (all - low) / (count - below);
    if (kept <= most) continue;
    most = kept;
    best = {low / below, (all - low) / (count - below)};
  }
  return best;
}

struct Scales {
  BFloat16 low;
  BFloat16 high;
};

// A magnitude as a scale; what lies beyond the largest one becomes that.
BFloat16 scale_of(double magnitude) {
  return to_bfloat16(static_cast<float>(std::min<double>(magnitude, kLargestBFloat16)));
}

template <Element T>
class SignAndLevel : public CodeByCode<T, SignAndLevel<T>, Scales> {
 public:
  static constexpr const char* kName = "levels";
  using Statistics = Scales;

  explicit SignAndLevel(unsigned bits) : bits_(bits) {}

  unsigned width() const { return bits_; }
  Rounding rounding() const { return Rounding::nearest; }

  Statistics measure(std::span<const T> block) const {
    check_finite(block);
    if (bits_ == 2) {
      const auto [low, high] = two_means(Magnitudes<T>(block));
      // Of equal magnitudes, rounding can make the means differ, either way.
      return {scale_of(low), scale_of(std::max(low, high))};
    }
    T low = std::abs(block.front());
    T high = low;
    for (const T x : block) {
      low = std::min(low, std::abs(x));
      high = std::max(high, std::abs(x));
    }
    return {scale_of(low), scale_of(high)};
  }

  std::uint32_t code(T x, const Statistics& block, const RoundingPoint& point,
                     std::uint64_t index) const {
    const T low = to_float(block.low);
    const T range = to_float(block.high) - low;
    const std::uint32_t sign = x < 0 ? levels() + 1 : 0;
    if (!(range > 0)) return sign;
    const T level = round_at((std::abs(x) - low) / range * top(), point.at(index));
    // A magnitude may lie below what bf16 makes of the least one.
    return sign | static_cast<std::uint32_t>(std::min(top(), std::max(T{0}, level)));
  }

  bool valid(const Statistics& block) const {
    const float low = to_float(block.low);
    const float high = to_float(block.high);
    return low >= 0 && high >= low && std::isfinite(high);
  }

  T value(std::uint32_t code, const Statistics& block) const {
    const T low = to_float(block.low);
    const T range = to_float(block.high) - low;
    const T magnitude = low + range * (static_cast<T>(code & levels()) / top());
    return code > levels() ? -magnitude : magnitude;
  }

  Guarantee guarantee(std::size_t elements) const {
    const auto count = static_cast<double>(elements);
    const double exact_scales = 1 - kRounding * kRounding;
    if (elements == 1) return {.contraction = exact_scales};
    if (bits_ == 2) return {.contraction = exact_scales * 2 / (std::sqrt(count) + 1)};
    const double outside = kRounding / (1 - kRounding);
    const double steps = 2.0 * levels() / (1 + kRounding);
    return {.contraction = (1 - outside * outside) / (1 + (count - 2) / (steps * steps))};
  }

 private:
  std::uint32_t levels() const { return (1u << (bits_ - 1)) - 1; }
  T top() const { return static_cast<T>(levels()); }

  unsigned bits_;
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_levels(const Spec& spec) {
  Arguments arguments(spec);
  const auto bits = static_cast<unsigned>(arguments.integer("bits", 4, 2, 8));
  const std::uint64_t block = arguments.integer("block", 256, 1, kLargestBlock);
  arguments.finish();
  return std::make_unique<BlockMessage<T, SignAndLevel<T>>>(SignAndLevel<T>(bits), block);
}

template std::unique_ptr<MessageCompressor<float>> make_levels(const Spec&);
template std::unique_ptr<MessageCompressor<double>> make_levels(const Spec&);

}  // namespace pith
