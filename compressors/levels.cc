// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include <pith/compressors/block_message.h>
#include <pith/compressors/levels.h>
#include <pith/compressors/levels_scheme.h>
#include <pith/core/arguments.h>

namespace pith {
namespace {

constexpr double kRounding = 0x1p-8;  // of bf16

// Of a block's elements, in ascending order. As bits, numbers have an order even if one is a NaN.
template <Element T>
class Magnitudes {
 public:
  explicit Magnitudes(std::span<const T> block) : count_(block.size()) {
    const auto end = std::ranges::transform(block, bits_.begin(), bits_of_magnitude).out;
    std::sort(bits_.begin(), end);
  }

  std::size_t count() const { return count_; }

  double at(std::size_t i) const { return magnitude_in_range(std::bit_cast<T>(bits_[i])); }

 private:
  static BitsOf<T> bits_of_magnitude(T x) { return std::bit_cast<BitsOf<T>>(std::abs(x)); }

  std::size_t count_;
  std::array<BitsOf<T>, kLargestLevelsBlock> bits_;
};

template <Element T>
class Levels : public SignAndLevel<T>, public CodeByCode<T, Levels<T>, Scales> {
 public:
  static constexpr const char* kName = "levels";
  using Statistics = Scales;
  using SignAndLevel<T>::SignAndLevel;

  Statistics measure(std::span<const T> block) const {
    check_finite(block);
    if (this->width() == 2) {
      const Magnitudes<T> sorted(block);
      const auto [low, high] =
          two_means(sorted.count(), [&](std::size_t i) { return sorted.at(i); });
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

  Guarantee guarantee(std::size_t elements) const {
    const auto count = static_cast<double>(elements);
    const double exact_scales = 1 - kRounding * kRounding;
    if (elements == 1) return {.contraction = exact_scales};
    if (this->width() == 2) return {.contraction = exact_scales * 2 / (std::sqrt(count) + 1)};
    const double outside = kRounding / (1 - kRounding);
    const double steps = 2.0 * this->levels() / (1 + kRounding);
    return {.contraction = (1 - outside * outside) / (1 + (count - 2) / (steps * steps))};
  }
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_levels(const Spec& spec) {
  Arguments arguments(spec);
  const auto bits = static_cast<unsigned>(arguments.integer("bits", 4, 2, 8));
  const std::uint64_t block = arguments.integer("block", 256, 1, kLargestLevelsBlock);
  arguments.finish();
  return std::make_unique<BlockMessage<T, Levels<T>>>(Levels<T>(bits), block);
}

template std::unique_ptr<MessageCompressor<float>> make_levels(const Spec&);
template std::unique_ptr<MessageCompressor<double>> make_levels(const Spec&);

}  // namespace pith
