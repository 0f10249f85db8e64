// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>

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

  std::size_t encode(std::span<const T> x, Cuts cuts, const RandomKey&, Wire wire,
                     Scratch&) override {
    return write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
      writer.put_all(x.subspan(cuts[s], cuts[s + 1] - cuts[s]));
    });
  }

  void decode_axpy(T a, Segment segment, std::span<T> y, Scratch&) const override {
    check_padding("identity", segment.bytes, 8 * y.size_bytes());
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (!std::isfinite(load<T>(segment.bytes, i))) {
        throw WireError("identity: value " + std::to_string(i) + " is not finite");
      }
    }
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += a * load<T>(segment.bytes, i);
  }

  Guarantee guarantee(std::size_t) const override {
    return {.contraction = 1.0, .variance = 0.0, .contraction_is_typical = true};
  }
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
