// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>

#include <pith/compressors/finite.h>
#include <pith/compressors/identity.h>
#include <pith/compressors/segments.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

template <Element T>
class Identity final : public MessageCompressor<T> {
 public:
  std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const override {
    return segmented_bound(n * sizeof(T), 0, segments);
  }

  std::size_t encode(Source<T>& x, Cuts cuts, const RandomKey&, Wire wire, Scratch&) override {
    return write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
      const Range segment{cuts[s], cuts[s + 1]};
      const auto bytes = writer.reserve(segment.size() * sizeof(T));
      const Opened decoded(bytes, segment.begin);
      sweep_in_parts(x, segment, [&](std::span<const T> block, Range range) {
        check_finite(block);
        ByteWriter(bytes.subspan((range.begin - segment.begin) * sizeof(T))).put_all(block);
        x.sent(range, decoded);
      });
    });
  }

  const Decoded<T>& open(Segment segment, std::size_t n, Scratch& scratch) const override {
    check_padding("identity", segment.bytes, 8 * sizeof(T) * n);
    for (std::size_t i = 0; i < n; ++i) {
      if (!std::isfinite(load<T>(segment.bytes, i))) {
        throw WireError("identity: value " + std::to_string(i) + " is not finite");
      }
    }
    return scratch.make<Opened>(segment.bytes, segment.first);
  }

  Guarantee guarantee(std::size_t) const override {
    return {.contraction = 1.0, .variance = 0.0, .contraction_is_typical = true};
  }

 private:
  class Opened final : public Decoded<T> {
   public:
    Opened(std::span<const std::byte> bytes, std::size_t first) : bytes_(bytes), first_(first) {}

    void axpy(T a, std::size_t first, std::span<T> y) const override {
      const auto values = bytes_.subspan((first - first_) * sizeof(T));
      for (std::size_t i = 0; i < y.size(); ++i) y[i] += a * load<T>(values, i);
    }

   private:
    std::span<const std::byte> bytes_;
    std::size_t first_;
  };
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_identity(const Spec& spec) {
  Arguments(spec).finish();
  return std::make_unique<Identity<T>>();
}

template std::unique_ptr<MessageCompressor<float>> make_identity(const Spec&);
template std::unique_ptr<MessageCompressor<double>> make_identity(const Spec&);

}  // namespace pith
