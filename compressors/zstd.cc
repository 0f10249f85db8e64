// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include <pith/compressors/segments.h>
#include <pith/compressors/zstd.h>
#include <pith/compressors/zstd_frame.h>
#include <pith/core/arguments.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>

namespace pith {
namespace {

constexpr std::uint64_t kDefaultLevel = 1;  // codes repeat little: higher ones find no more

// The front of every segment.
struct Head {
  std::uint64_t raw;    // bytes of the inner segment
  std::uint64_t frame;  // bytes of the frame that holds it; 0 if it follows as it is
};
static_assert(sizeof(Head) % kWireAlignment == 0, "what is stored keeps its alignment");

using Bytes = std::span<const std::byte>;

void write(Bytes raw, int level, ByteWriter& writer, Scratch& scratch) {
  const Scratch::Frame frame(scratch);
  // Once it is padded, a longer frame would not be shorter than the segment.
  const auto room = scratch.take<std::byte>(raw.size() - std::min(raw.size(), kWireAlignment));
  const Bytes packed = room.first(write_frame(raw, level, room));
  writer.put(Head{raw.size(), packed.size()});
  writer.put_all(packed.empty() ? raw : packed);
}

// The inner segment, of at most `most` bytes.
Bytes read(Bytes segment, std::size_t most, Scratch& scratch) {
  ByteReader reader(segment, "zstd");
  const Head head = reader.get<Head>();
  const Bytes rest = reader.take(reader.left());
  if (head.raw > most || head.raw % kWireAlignment != 0 || head.frame > rest.size()) {
    throw WireError("zstd: " + std::to_string(head.raw) + " bytes in " +
                    std::to_string(head.frame) + ", but there can be " + std::to_string(most) +
                    " in " + std::to_string(rest.size()));
  }
  check_padding("zstd", rest, 8 * (head.frame > 0 ? head.frame : head.raw));
  return head.frame > 0 ? read_frame(rest.first(head.frame), head.raw, scratch) : rest;
}

template <Element T>
class Zstd final : public MessageCompressor<T> {
 public:
  Zstd(int level, std::unique_ptr<MessageCompressor<T>> inner)
      : level_(level), inner_(std::move(inner)) {}

  std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const override {
    return inner_->max_wire_bytes(n, segments) + segments * sizeof(Head);
  }

  std::size_t max_segment_bytes(std::size_t n) const override {
    return inner_->max_segment_bytes(n) + sizeof(Head);
  }

  std::size_t encode(Source<T>& x, Cuts cuts, const RandomKey& key, Wire wire,
                     Scratch& scratch) override {
    const Scratch::Frame frame(scratch);
    const std::size_t most = inner_->max_wire_bytes(x.size(), segments(cuts));
    const Wire raw{scratch.take<std::byte>(most), scratch.take<std::size_t>(segments(cuts))};
    inner_->encode(x, cuts, key, raw, scratch);
    std::size_t done = 0;
    return write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
      write(raw.bytes.subspan(done, raw.sizes[s]), level_, writer, scratch);
      done += raw.sizes[s];
    });
  }

  const Decoded<T>& open(Segment segment, std::size_t n, Scratch& scratch) const override {
    if (n > 0) segment.bytes = read(segment.bytes, inner_->max_segment_bytes(n), scratch);
    return inner_->open(segment, n, scratch);
  }

  Guarantee guarantee(std::size_t n) const override { return inner_->guarantee(n); }

 private:
  int level_;
  std::unique_ptr<MessageCompressor<T>> inner_;
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_zstd(const Spec& spec,
                                                std::unique_ptr<MessageCompressor<T>> inner) {
  Arguments arguments(spec);
  const std::uint64_t level = arguments.integer("level", kDefaultLevel, 1, kMostLevel);
  arguments.finish();
  return std::make_unique<Zstd<T>>(static_cast<int>(level), std::move(inner));
}

template std::unique_ptr<MessageCompressor<float>> make_zstd(
    const Spec&, std::unique_ptr<MessageCompressor<float>>);
template std::unique_ptr<MessageCompressor<double>> make_zstd(
    const Spec&, std::unique_ptr<MessageCompressor<double>>);

}  // namespace pith
