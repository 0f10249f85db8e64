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

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_onebit(const Spec& spec) {
  Arguments arguments(spec);
  const std::uint64_t block = arguments.integer("block", 4096, 1, std::uint64_t{1} << 30);
  const bool l2 = arguments.word("scale", "l1", {"l1", "l2"}) == "l2";
  arguments.finish();
  return std::make_unique<BlockMessage<T, ScaledSign<T>>>(ScaledSign<T>(l2), block);
}

template std::unique_ptr<MessageCompressor<float>> make_onebit(const Spec&);
template std::unique_ptr<MessageCompressor<double>> make_onebit(const Spec&);

}  // namespace pith
