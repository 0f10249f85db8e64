// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/encode.h>
#include <pith/collectives/stopwatch.h>
#include <pith/collectives/summation.h>
#include <pith/compressors/registry.h>

#include "codec_parts.h"
#include "compare.h"

namespace pith::bench {
namespace {

template <Element T>
class MessageCodec final : public Codec<T> {
 public:
  MessageCodec(const CodecCase& codec, const Gradients<T>& gradients, Communicator& alone)
      : codec_(codec),
        parts_(codec, alone),
        compressor_(make_message<T>(parse_pipeline(codec.compressor), codec.shape)),
        decoding_{alone, decode_scratch_} {
    parts_.unit.message = compressor_.get();
    parts_.unit.codec = codec_of(parse_pipeline(codec.compressor));
    decoding_.divisor = static_cast<double>(codec.ranks);
    for (std::size_t rank = 0; rank < codec.ranks; ++rank) {
      encode(gradients.step(rank));
      keep_message(rank);
    }
  }

  CodecSeconds step(std::span<const T> gradient) override { return {encode(gradient), decode()}; }

  std::size_t payload_bytes() const override { return payload_.size(); }

  CodecCheck check(std::span<const T> gradient) override {
    const PlainStep<T> plain = plain_message_step(codec_, parts_.start(), gradient);
    step(gradient);
    CodecCheck check;
    check.relative_error = relative_error<T>(plain.composed, plain.sent);
    check.wrong = count_different(payload_, plain.payload);
    const auto states = copied(parts_.rule->states());
    for (std::size_t s = 0; s < states.size(); ++s) {
      check.wrong += count_wrong<T>(states[s], plain.states[s], 0);
    }
    check.wrong += count_wrong<T>(parts_.mean, plain_mean(), 0);
    if (loses_too_much(plain.guarantee, check.relative_error)) ++check.wrong;
    return check;
  }

 private:
  double encode(std::span<const T> gradient) {
    double seconds = 0;
    const auto bucket = parts_.begin_step(gradient);
    {
      Stopwatch watch(seconds);
      payload_ = encode_bucket(bucket, 1, parts_.round).payload(0, 0);
    }
    parts_.end_step();
    return seconds;
  }

  // The payload as a message of `rank`, behind those of the ranks before.
  void keep_message(std::size_t rank) {
    const std::size_t start = messages_.size();
    const DirectoryEntry entry{parts_.unit.codec, payload_.size()};
    messages_.resize(start + head_bytes(1));
    messages_.insert(messages_.end(), payload_.begin(), payload_.end());
    const auto message = std::span(messages_).subspan(start);
    seal(message, expected_header(decoding_, rank, 1), {&entry, 1});
    sizes_.push_back(message.size());
  }

  double decode() {
    double seconds = 0;
    decode_scratch_.clear();
    {
      Stopwatch watch(seconds);
      Summation<T>({&parts_.unit, 1}, {messages_, sizes_}, decoding_).mean_of_segment(0, 1);
    }
    if (!decoding_.faults.empty()) throw Error(decoding_.faults.front().text);
    return seconds;
  }

  std::vector<T> plain_mean() const {
    std::vector<T> mean(parts_.mean.size());
    Scratch scratch;
    auto rest = std::span<const std::byte>(messages_);
    for (const std::size_t size : sizes_) {
      const auto payload = rest.first(size).subspan(head_bytes(1));
      compressor_->decode_axpy(T(1), {payload, 0}, mean, scratch);
      rest = rest.subspan(size);
    }
    for (T& value : mean) value /= static_cast<T>(sizes_.size());
    return mean;
  }

  CodecCase codec_;
  CodecParts<T> parts_;
  std::unique_ptr<MessageCompressor<T>> compressor_;
  std::span<const std::byte> payload_;  // of the last step

  Scratch decode_scratch_;
  Round decoding_;
  std::vector<std::byte> messages_;  // rank by rank
  std::vector<std::size_t> sizes_;
};

}  // namespace

template <Element T>
std::unique_ptr<Codec<T>> make_message_codec(const CodecCase& codec, const Gradients<T>& gradients,
                                             Communicator& alone) {
  return std::make_unique<MessageCodec<T>>(codec, gradients, alone);
}

#define PITH_INSTANTIATE(T)                                                                    \
  template std::unique_ptr<Codec<T>> make_message_codec(const CodecCase&, const Gradients<T>&, \
                                                        Communicator&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith::bench
