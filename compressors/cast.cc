// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <pith/compressors/cast.h>
#include <pith/compressors/finite.h>
#include <pith/compressors/segments.h>
#include <pith/core/arguments.h>
#include <pith/core/convert.h>
#include <pith/core/error.h>

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
      const auto bytes = writer.reserve(segment.size() * sizeof(Number));
      const Opened decoded(bytes, segment.begin);
      sweep_in_parts(x, segment, [&](std::span<const T> block, Range range) {
        check_finite(block);
        narrow<Number>(block, bytes.subspan((range.begin - segment.begin) * sizeof(Number),
                                            block.size() * sizeof(Number)));
        x.sent(range, decoded);
      });
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

   private:
    std::span<const std::byte> numbers_;
    std::size_t first_;
  };
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
