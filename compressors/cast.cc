// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>

#include <pith/compressors/cast.h>
#include <pith/compressors/formats.h>
#include <pith/compressors/segments.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

// Nothing for fp16, where tiny gradients vanish: there is no relative bound to promise.
template <Element T, class Format>
Guarantee rounding_guarantee() {
  if (std::same_as<Format, Fp16>) return {};
  if (std::same_as<Format, Bf16>) {
    return {.contraction = 1.0 - 0x1p-16, .contraction_is_typical = true};
  }
  if (std::same_as<T, float>) return {1.0, 0.0, true};
  return {.contraction = 1.0 - 0x1p-48, .contraction_is_typical = true};
}

template <Element T, class Format>
class Cast final : public MessageCompressor<T> {
 public:
  std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const override {
    return segmented_bound(n * sizeof(Number), 0, segments);
  }

  std::size_t encode(std::span<const T> x, Cuts cuts, const RandomKey&, Wire wire,
                     Scratch&) override {
    return write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
      for (std::size_t i = cuts[s]; i < cuts[s + 1]; ++i) writer.put(narrow<Format>(x[i]));
    });
  }

  void decode_axpy(T a, Segment segment, std::span<T> y, Scratch&) const override {
    check_padding("cast", segment.bytes, 8 * sizeof(Number) * y.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (!std::isfinite(widen(segment.bytes, i))) {
        throw WireError("cast: value " + std::to_string(i) + " is not finite");
      }
    }
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += a * widen(segment.bytes, i);
  }

  Guarantee guarantee(std::size_t) const override { return rounding_guarantee<T, Format>(); }

 private:
  using Number = typename Format::Number;

  static T widen(std::span<const std::byte> bytes, std::size_t i) {
    return Format::to(load<Number>(bytes, i));
  }
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_cast(const Spec& spec) {
  Arguments arguments(spec);
  const std::string type = arguments.word("type", "fp16", {"fp16", "bf16", "fp32"});
  arguments.finish();
  if (type == "fp16") return std::make_unique<Cast<T, Fp16>>();
  if (type == "bf16") return std::make_unique<Cast<T, Bf16>>();
  return std::make_unique<Cast<T, Fp32>>();
}

template std::unique_ptr<MessageCompressor<float>> make_cast(const Spec&);
template std::unique_ptr<MessageCompressor<double>> make_cast(const Spec&);

}  // namespace pith
