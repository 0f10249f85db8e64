// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <pith/collectives/compose.h>
#include <pith/collectives/composition.h>
#include <pith/collectives/encode.h>
#include <pith/collectives/stopwatch.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>

namespace pith {
namespace {

/// The own payload, segment by segment: what every other rank decodes.
template <Element T>
class SentPayload final : public Decoded<T> {
 public:
  SentPayload(const MessageCompressor<T>& compressor, Cuts cuts,
              std::span<const std::span<const std::byte>> payloads, Scratch& scratch)
      : compressor_(compressor), cuts_(cuts), payloads_(payloads), scratch_(scratch) {}

  void axpy(T a, std::size_t, std::span<T> y) const override {
    for_each_segment(y, [&](const Decoded<T>& segment, std::size_t first, std::span<T> part) {
      segment.axpy(a, first, part);
    });
  }

  void clear(std::size_t, std::span<T> y) const override {
    for_each_segment(y, [](const Decoded<T>& segment, std::size_t first, std::span<T> part) {
      segment.clear(first, part);
    });
  }

 private:
  template <class Body>
  void for_each_segment(std::span<T> y, const Body& body) const {
    for (std::size_t s = 0; s < payloads_.size(); ++s) {
      const auto part = y.subspan(cuts_[s], cuts_[s + 1] - cuts_[s]);
      if (part.empty()) continue;
      const Scratch::Frame frame(scratch_);
      const Segment segment{payloads_[s], cuts_[s]};
      body(compressor_.open(segment, part.size(), scratch_), segment.first, part);
    }
  }

  const MessageCompressor<T>& compressor_;
  Cuts cuts_;
  std::span<const std::span<const std::byte>> payloads_;
  Scratch& scratch_;
};

// Encodes x and points payloads to its segments.
template <Element T>
void encode_unit(Unit<T>& unit, Source<T>& x, Cuts cuts, const Round& round,
                 std::span<std::span<const std::byte>> payloads) {
  const std::size_t bound = unit.message->max_wire_bytes(x.size(), segments(cuts));
  const Wire wire{round.scratch.template take<std::byte>(bound),
                  round.scratch.template take<std::size_t>(segments(cuts))};
  unit.message->encode(x, cuts, key_of(unit, round), wire, round.scratch);
  point_to_segments(wire, payloads);
}

// One sweep: each block is composed, encoded and committed before the next one.
template <Element T>
void send_in_one_sweep(Unit<T>& unit, Cuts cuts, Round& round,
                       std::span<std::span<const std::byte>> payloads) {
  begin_message(unit, unit.message->guarantee(unit.elements), false, round);
  Composition<T> composition(*unit.feedback, unit.elements);
  try {
    encode_unit(unit, composition, cuts, round, payloads);
  } catch (const NonFiniteError&) {
    round.faults.push_back(non_finite_fault(unit, unit.feedback->composed()));
    return;
  }
  unit.feedback->observe(SentPayload<T>(*unit.message, cuts, payloads, round.scratch));
}

// One thing after the other, in steps that look at the whole message before it is committed: the
// same bits.
template <Element T>
void send_plainly(Unit<T>& unit, Cuts cuts, Round& round,
                  std::span<std::span<const std::byte>> payloads) {
  const auto x = compose(unit, unit.message->guarantee(unit.elements), false, round);
  if (!round.faults.empty()) return;
  WholeSource<T> source(x);
  encode_unit(unit, source, cuts, round, payloads);
  const SentPayload<T> sent(*unit.message, cuts, payloads, round.scratch);
  measure_error(unit, x, sent, round);
  unit.feedback->commit_all(x.size(), sent);
}

// All devices' work of the bucket is under way before the first is waited for.
template <Element T>
void begin_encoding_on_devices(std::span<Unit<T>> bucket, std::size_t segments, Round& round) {
  for_each_present(bucket, round, [&](std::size_t u) {
    Unit<T>& unit = bucket[u];
    if (!unit.device) return;
    Stopwatch watch(unit.cost.encode_seconds);
    const auto step = context_of(unit, unit.message->guarantee(unit.elements), false, round);
    unit.device->encode(step, even_cuts(unit.elements, segments, round.scratch),
                        key_of(unit, round));
  });
}

template <Element T>
void send_unit(Unit<T>& unit, Cuts cuts, Round& round,
               std::span<std::span<const std::byte>> payloads) {
  Stopwatch watch(unit.cost.encode_seconds);
  if (unit.device) return on_device(unit, round, [&] { unit.device->collect(payloads); });
  if (round.measure_error) {
    send_plainly(unit, cuts, round, payloads);
  } else {
    send_in_one_sweep(unit, cuts, round, payloads);
  }
}

}  // namespace

std::span<const std::size_t> even_cuts(std::size_t n, std::size_t segments, Scratch& scratch) {
  const auto cuts = scratch.take<std::size_t>(segments + 1);
  for (std::size_t s = 0; s <= segments; ++s) cuts[s] = block_start(n, segments, s);
  return cuts;
}

void point_to_segments(Wire wire, std::span<std::span<const std::byte>> payloads) {
  std::size_t offset = 0;
  for (std::size_t s = 0; s < payloads.size(); ++s) {
    payloads[s] = wire.bytes.subspan(offset, wire.sizes[s]);
    offset += wire.sizes[s];
  }
}

template <Element T>
EncodedBucket encode_bucket(std::span<Unit<T>> bucket, std::size_t segments, Round& round) {
  const auto payloads = round.scratch.take<std::span<const std::byte>>(bucket.size() * segments);
  std::ranges::fill(payloads, std::span<const std::byte>());
  begin_encoding_on_devices(bucket, segments, round);
  const std::uint16_t flags = for_each_present(bucket, round, [&](std::size_t u) {
    const auto cuts = even_cuts(bucket[u].elements, segments, round.scratch);
    send_unit(bucket[u], cuts, round, payloads.subspan(u * segments, segments));
  });
  if (!round.faults.empty()) std::ranges::fill(payloads, std::span<const std::byte>());
  return {flags, segments, payloads};
}

template <Element T>
std::size_t message_bound(std::span<const Unit<T>> bucket, std::size_t segments) {
  std::size_t bytes = head_bytes(bucket.size());
  for (const Unit<T>& unit : bucket) {
    bytes += unit.message->max_wire_bytes(unit.elements, segments);
  }
  return bytes;
}

void check_codec(std::uint16_t codec, std::uint16_t expected) {
  if (codec == expected) return;
  throw WireError("codec " + std::to_string(codec) + ", expected " + std::to_string(expected));
}

MessageHeader expected_header(const Round& round, std::size_t source, std::size_t entries) {
  return {.source = static_cast<std::uint32_t>(source),
          .bucket = round.bucket,
          .sequence = round.sequence,
          .step = round.step.step,
          .epoch = round.epoch,
          .entries = static_cast<std::uint32_t>(entries),
          .config = round.config};
}

template <Element T>
std::span<const std::byte> build_message(const EncodedBucket& encoded,
                                         std::span<const Unit<T>> bucket, std::size_t segment,
                                         const Round& round) {
  const auto directory = round.scratch.take<DirectoryEntry>(bucket.size());
  std::size_t bytes = head_bytes(bucket.size());
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    directory[u] = {bucket[u].codec, encoded.payload(u, segment).size()};
    bytes += directory[u].bytes;
  }
  const auto message = round.scratch.take<std::byte>(bytes);
  ByteWriter writer(message.subspan(head_bytes(bucket.size())));
  for (std::size_t u = 0; u < bucket.size(); ++u) writer.put_all(encoded.payload(u, segment));
  auto header =
      expected_header(round, static_cast<std::size_t>(round.communicator.rank()), bucket.size());
  header.flags = encoded.flags;
  seal(message, header, directory);
  return message;
}

#define PITH_INSTANTIATE(T)                                                      \
  template EncodedBucket encode_bucket(std::span<Unit<T>>, std::size_t, Round&); \
  template std::size_t message_bound(std::span<const Unit<T>>, std::size_t);     \
  template std::span<const std::byte> build_message(                             \
      const EncodedBucket&, std::span<const Unit<T>>, std::size_t, const Round&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
