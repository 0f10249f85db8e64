// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <limits>
#include <string>

#include <pith/compressors/bits.h>
#include <pith/compressors/finite.h>
#include <pith/compressors/natural.h>
#include <pith/compressors/segments.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

template <Element T>
class Natural final : public MessageCompressor<T> {
 public:
  std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const override {
    return segmented_bound(bytes_of(kWidth * n), 1, segments);
  }

  std::size_t encode(Source<T>& x, Cuts cuts, const RandomKey& key, Wire wire, Scratch&) override {
    const Random random(key);
    return write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
      const Range segment{cuts[s], cuts[s + 1]};
      const auto bytes = writer.reserve(bytes_of(kWidth * segment.size()));
      const Opened decoded(bytes, segment.begin);
      in_parts(x, segment, parts_of(segment.size()), 8, [&](std::size_t, Range part) {
        BitWriter codes(bytes.subspan(kWidth * (part.begin - segment.begin) / 8), kWidth);
        sweep(x, part, [&](std::span<const T> block, Range range) {
          check_finite(block);
          for (std::size_t i = 0; i < block.size(); ++i) {
            codes.put(code(block[i], random, range.begin + i));
          }
          codes.sync();
          x.sent(range, decoded);
        });
        codes.finish();
      });
    });
  }

  const Decoded<T>& open(Segment segment, std::size_t n, Scratch& scratch) const override {
    check(segment.bytes, n);
    return scratch.make<Opened>(segment.bytes, segment.first);
  }

  Guarantee guarantee(std::size_t) const override {
    return {.contraction = 7.0 / 8, .variance = 1.0 / 8, .contraction_is_typical = true};
  }

 private:
  using Bits = BitsOf<T>;
  static constexpr unsigned kMantissa = std::numeric_limits<T>::digits - 1;
  static constexpr unsigned kWidth = 8 * sizeof(T) - kMantissa;
  static constexpr std::uint32_t kInfinity = (1u << (kWidth - 1)) - 1;  // as an exponent

  static std::uint32_t exponent(std::uint32_t code) { return code & kInfinity; }

  static std::uint32_t code(T x, const Random& random, std::uint64_t index) {
    const Bits bits = std::bit_cast<Bits>(x);
    // The carry out of the mantissa is the step to the next power of two. It has the right
    // probability below the smallest normal number too, where the field counts from 0 to 1.
    const auto dither = static_cast<Bits>(random.below(std::uint64_t{1} << kMantissa, index));
    const auto rounded = static_cast<std::uint32_t>((bits + dither) >> kMantissa);
    return exponent(rounded) == kInfinity ? rounded - 1 : rounded;
  }

  static T value(std::uint32_t code) { return std::bit_cast<T>(Bits{code} << kMantissa); }

  class Opened final : public Decoded<T> {
   public:
    Opened(std::span<const std::byte> bytes, std::size_t first) : bytes_(bytes), first_(first) {}

    void axpy(T a, std::size_t first, std::span<T> y) const override {
      BitReader codes(bytes_, kWidth, first - first_);
      for (T& out : y) out += a * value(codes.get());
    }

   private:
    std::span<const std::byte> bytes_;
    std::size_t first_;
  };

  static void check(std::span<const std::byte> bytes, std::size_t n) {
    check_padding("natural", bytes, kWidth * n);
    BitReader codes(bytes, kWidth);
    for (std::size_t i = 0; i < n; ++i) {
      if (exponent(codes.get()) == kInfinity) {
        throw WireError("natural: value " + std::to_string(i) + " is not finite");
      }
    }
  }
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_natural(const Spec& spec) {
  Arguments(spec).finish();
  return std::make_unique<Natural<T>>();
}

template std::unique_ptr<MessageCompressor<float>> make_natural(const Spec&);
template std::unique_ptr<MessageCompressor<double>> make_natural(const Spec&);

}  // namespace pith
