// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>

#include <pith/compressors/cast.h>
#include <pith/compressors/finite.h>
#include <pith/compressors/mean_numbers.h>
#include <pith/compressors/segments.h>
#include <pith/core/aligned.h>
#include <pith/core/arguments.h>
#include <pith/core/convert.h>
#include <pith/core/error.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

// Nothing for fp16, where tiny gradients vanish: there is no relative bound to promise.
template <Element T, class Number>
Guarantee rounding_guarantee() {
  if (std::same_as<Number, Half>) return {};
  if (std::same_as<Number, BFloat16>) {
    return {.contraction = 1.0 - 0x1p-16, .contraction_is_typical = true};
  }
  if (std::same_as<T, float>) return {1.0, 0.0, true};
  return {.contraction = 1.0 - 0x1p-48, .contraction_is_typical = true};
}

template <Element T, class Number>
class Cast final : public MessageCompressor<T> {
 public:
  std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const override {
    return segmented_bound(n * sizeof(Number), 0, segments);
  }

  std::size_t encode(Source<T>& x, Cuts cuts, const RandomKey&, Wire wire, Scratch&) override {
    return write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
      const Range segment{cuts[s], cuts[s + 1]};
      write(x, segment, writer.reserve(segment.size() * sizeof(Number)));
    });
  }

  const Decoded<T>& open(Segment segment, std::size_t n, Scratch& scratch) const override {
    check_padding("cast", segment.bytes, 8 * sizeof(Number) * n);
    const auto numbers = segment.bytes.first(sizeof(Number) * n);
    if (!all_finite_numbers<Number>(numbers)) throw WireError("cast: a value is not finite");
    return scratch.make<Opened>(numbers, segment.first);
  }

  Guarantee guarantee(std::size_t) const override { return rounding_guarantee<T, Number>(); }

 private:
  class Opened final : public Decoded<T> {
   public:
    Opened(std::span<const std::byte> numbers, std::size_t first)
        : numbers_(numbers), first_(first) {}

    void axpy(T a, std::size_t first, std::span<T> y) const override {
      widen_axpy<Number>(
          a, numbers_.subspan((first - first_) * sizeof(Number), y.size() * sizeof(Number)), y);
    }

    void mean(std::span<const Decoded<T>* const> all, T divisor, std::size_t first,
              std::span<T> out) const override {
      if constexpr (std::same_as<T, float>) {
        std::array<const std::byte*, kMeanTogether> numbers;
        if (all.size() > numbers.size()) return Decoded<T>::mean(all, divisor, first, out);
        std::ranges::transform(all, numbers.begin(), [&](const Decoded<T>* one) {
          return static_cast<const Opened*>(one)->at(first);
        });
        mean_numbers<Number>(std::span(numbers).first(all.size()), divisor, out,
                             out.size_bytes() >= kStreamedBytes);
        end_stream();
      } else {
        Decoded<T>::mean(all, divisor, first, out);
      }
    }

   private:
    const std::byte* at(std::size_t element) const {
      return numbers_.data() + (element - first_) * sizeof(Number);
    }

    std::span<const std::byte> numbers_;
    std::size_t first_;
  };

  // What is large is committed from a block in the first cache, and goes past the caches.
  void write(Source<T>& x, Range segment, std::span<std::byte> numbers) const {
    const bool streamed = numbers.size() >= kStreamedBytes;
    sweep_in_parts(x, segment, [&](std::span<const T> block, Range range) {
      check_finite(block);
      alignas(kCacheLine) std::array<std::byte, kSweepBlock<T> * sizeof(Number)> narrowed;
      const auto out = numbers.subspan((range.begin - segment.begin) * sizeof(Number),
                                       block.size() * sizeof(Number));
      const auto here = streamed ? std::span(narrowed).first(out.size()) : out;
      narrow<Number>(block, here);
      x.sent(range, Opened(here, range.begin));
      if (streamed) stream(std::span<const std::byte>(here), out);
    });
    end_stream();
  }
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_cast(const Spec& spec) {
  Arguments arguments(spec);
  const std::string type = arguments.word("type", "fp16", {"fp16", "bf16", "fp32"});
  arguments.finish();
  if (type == "fp16") return std::make_unique<Cast<T, Half>>();
  if (type == "bf16") return std::make_unique<Cast<T, BFloat16>>();
  return std::make_unique<Cast<T, float>>();
}

template std::unique_ptr<MessageCompressor<float>> make_cast(const Spec&);
template std::unique_ptr<MessageCompressor<double>> make_cast(const Spec&);

}  // namespace pith
