// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/collectives/linear.h>
#include <pith/compressors/registry.h>

#include "codec_parts.h"
#include "compare.h"

namespace pith::bench {
namespace {

// Of the largest value: the plain step subtracts the own part as a whole, the exchange product by
// product.
constexpr double kTolerance = 1e-5;

template <Element T>
class LinearCodec final : public Codec<T> {
 public:
  LinearCodec(const CodecCase& codec, Communicator& alone)
      : codec_(codec),
        parts_(codec, alone),
        compressor_(make_linear<T>(parse_pipeline(codec.compressor), codec.shape)) {
    parts_.unit.linear = compressor_.get();
  }

  CodecSeconds step(std::span<const T> gradient) override {
    linear(parts_.begin_step(gradient), parts_.round);
    parts_.end_step();
    compressor_->accept();
    return {parts_.unit.cost.encode_seconds, parts_.unit.cost.decode_seconds};
  }

  std::size_t payload_bytes() const override { return parts_.unit.cost.message_bytes; }

  CodecCheck check(std::span<const T> gradient) override {
    StepStart<T> start = parts_.start();
    start.compressor = copied(compressor_->states());
    const PlainStep<T> plain = plain_linear_step(codec_, start, gradient);
    step(gradient);
    CodecCheck check;
    check.relative_error = relative_error<T>(plain.composed, plain.sent);
    const double scale = largest<T>(plain.composed);
    const auto states = copied(parts_.rule->states());
    for (std::size_t s = 0; s < states.size(); ++s) {
      const double allowed = kTolerance * std::max(scale, largest<T>(plain.states[s]));
      check.wrong += count_wrong<T>(states[s], plain.states[s], allowed);
    }
    check.wrong += count_wrong<T>(parts_.mean, plain.decoded, kTolerance * scale);
    if (loses_too_much(plain.guarantee, check.relative_error)) ++check.wrong;
    return check;
  }

 private:
  CodecCase codec_;
  CodecParts<T> parts_;
  std::unique_ptr<LinearCompressor<T>> compressor_;
};

}  // namespace

template <Element T>
std::unique_ptr<Codec<T>> make_linear_codec(const CodecCase& codec, Communicator& alone) {
  return std::make_unique<LinearCodec<T>>(codec, alone);
}

template std::unique_ptr<Codec<float>> make_linear_codec(const CodecCase&, Communicator&);
template std::unique_ptr<Codec<double>> make_linear_codec(const CodecCase&, Communicator&);

}  // namespace pith::bench
