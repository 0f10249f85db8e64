// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include <pith/compressors/block_message.h>
#include <pith/compressors/onebit.h>
#include <pith/compressors/signs.h>
#include <pith/core/arguments.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

template <Element T>
class ScaledSign {
 public:
  static constexpr const char* kName = "onebit";
  struct Statistics {
    T scale;
  };

  explicit ScaledSign(bool l2) : l2_(l2) {}

  unsigned width() const { return 1; }
  Rounding rounding() const { return Rounding::nearest; }

  Statistics measure(std::span<const T> block) const {
    const auto count = static_cast<double>(block.size());
    const double sum = l2_ ? squared_norm(block) : absolute_sum(block);
    if (!std::isfinite(sum)) check_finite(block);  // if it is only the sum that T cannot hold
    return {to_finite<T>(l2_ ? std::sqrt(sum / count) : sum / count)};
  }

  void put(BitWriter& bits, std::span<const T> x, const Statistics&, const RoundingPoint&,
           std::size_t) const {
    bits.put_signs(x);
  }

  bool valid(const Statistics& block) const {
    return block.scale >= 0 && std::isfinite(block.scale);
  }

  void add(T a, BitReader& bits, const Statistics& block, std::span<T> y) const {
    bits.add_signs(a * block.scale, y);
  }

  bool takes_means() const { return true; }

  void mean(std::span<const BlockCodes<Statistics>> all, T divisor, std::span<T> out,
            bool streamed) const {
    std::array<SignedBits<T>, kMeanTogether> signs;
    std::ranges::transform(all, signs.begin(), [](const BlockCodes<Statistics>& one) {
      return SignedBits<T>{one.codes, one.block.scale};
    });
    mean_signed(std::span<const SignedBits<T>>(signs).first(all.size()), divisor, out, streamed);
  }

  Guarantee guarantee(std::size_t elements) const {
    if (l2_) return {};
    return {.contraction = 1.0 / static_cast<double>(elements)};
  }

 private:
  bool l2_;
};

template <Element T>
struct TwoValues {
  T low;
  T high;
};

// A mean for each side of the threshold.
template <Element T>
class Sides : public CodeByCode<T, Sides<T>, TwoValues<T>> {
 public:
  static constexpr const char* kName = "onebit";
  using Statistics = TwoValues<T>;

  explicit Sides(bool at_mean) : at_mean_(at_mean) {}

  unsigned width() const { return 1; }
  Rounding rounding() const { return Rounding::nearest; }

  Statistics measure(std::span<const T> block) const {
    check_finite(block);
    return at_mean_ ? around_mean(block) : around_zero(block);
  }

  // The mean lies halfway between the two values.
  std::uint32_t code(T x, const Statistics& block, const RoundingPoint&, std::uint64_t) const {
    const T threshold = at_mean_ ? block.low / 2 + block.high / 2 : T{0};
    return x < threshold ? 0 : 1;
  }

  T value(std::uint32_t code, const Statistics& block) const {
    return code == 0 ? block.low : block.high;
  }

  bool valid(const Statistics& block) const {
    return block.low <= block.high && std::isfinite(block.low) && std::isfinite(block.high);
  }

  Guarantee guarantee(std::size_t elements) const {
    const auto count = static_cast<double>(elements);
    return {.contraction = at_mean_ ? std::min(1.0, 2 / count) : 1 / count};
  }

 private:
  static Statistics around_zero(std::span<const T> block) {
    double sums[2]{};
    double counts[2]{};
    for (const T x : block) {
      sums[x < 0 ? 0 : 1] += static_cast<double>(x);
      counts[x < 0 ? 0 : 1] += 1;
    }
    return {to_finite<T>(sums[0] / std::max(1.0, counts[0])),
            to_finite<T>(sums[1] / std::max(1.0, counts[1]))};
  }

  // Every number is divided before it is added, so that no sum overflows.
  static Statistics around_mean(std::span<const T> block) {
    const auto count = static_cast<double>(block.size());
    double mean = 0;
    for (const T x : block) mean += static_cast<double>(x) / count;
    double deviation = 0;
    for (const T x : block) deviation += std::abs(static_cast<double>(x) / count - mean / count);
    return {to_finite<T>(mean - deviation), to_finite<T>(mean + deviation)};
  }

  bool at_mean_;
};

}  // namespace

OnebitSettings onebit_settings(const Spec& spec) {
  Arguments arguments(spec);
  const std::uint64_t block = arguments.integer("block", 4096, 1, std::uint64_t{1} << 30);
  const std::string scale = arguments.word("scale", "l1", {"l1", "l2", "sides", "deviation"});
  arguments.finish();
  return {block, scale};
}

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_onebit(const Spec& spec) {
  const auto [block, scale] = onebit_settings(spec);
  if (scale == "l1" || scale == "l2") {
    return std::make_unique<BlockMessage<T, ScaledSign<T>>>(ScaledSign<T>(scale == "l2"), block);
  }
  return std::make_unique<BlockMessage<T, Sides<T>>>(Sides<T>(scale == "deviation"), block);
}

template std::unique_ptr<MessageCompressor<float>> make_onebit(const Spec&);
template std::unique_ptr<MessageCompressor<double>> make_onebit(const Spec&);

}  // namespace pith
