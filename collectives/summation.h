// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <pith/collectives/receive.h>
#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>
#include <pith/core/range.h>
#include <pith/core/wire.h>

namespace pith {

/// Opens all ranks' messages, then adds up what they decode to, in rank order, into the units'
/// means. What is wrong with one is noted in round.faults; then the means are worth nothing.
///
/// Opening finds that a message is for this exchange and can be decoded. Whether it arrived as it
/// was sent is found while it is decoded, so that it is read from memory once; if means are left
/// pending, before that. A unit on a device is opened and added up there, but for this rank's
/// segment of its mean, which it sends on.
template <Element T>
class Summation {
 public:
  Summation(std::span<Unit<T>> bucket, const Received& received, Round& round);

  /// mean_of_segment(0, 1), or left pending where a unit may wait and its mean is known to be
  /// finite. This must live as long as the step then.
  void mean_of_all();

  /// Segment `segment` of `segments` of each unit's mean = the sum over the ranks of what they sent
  /// for it, divided by the round's divisor. One pass over the mean.
  void mean_of_segment(std::size_t segment, std::size_t segments);

  /// Opens the messages of the owners: rank r's is segment r of each unit, as unit.cuts says.
  void open_segments();

  /// What rank `source` sent for its segment, once it is open; counts its elements from the
  /// segment's start. Null: nothing. Until the segments are joined.
  const Decoded<T>* segment(std::size_t unit, std::size_t source) const;

  /// Each unit's mean = the open segments one after the other; left pending where a unit may wait.
  /// This must live as long as the step then.
  void join_segments();

 private:
  using Compressor = MessageCompressor<T>* Unit<T>::*;

  /// Of a unit, to be summed or joined.
  class Pending;

  static const MessageCompressor<T>& decoder_of(const Unit<T>& unit, std::uint16_t codec,
                                                Compressor compressor);
  void open_messages(std::size_t segment, std::size_t segments);
  void open_message(std::size_t source, std::size_t segment, std::size_t segments,
                    Compressor compressor);
  void open_payloads(std::size_t source, std::size_t segment, std::size_t segments,
                     Compressor compressor);
  void open_payload(std::size_t unit, std::size_t source, Segment payload, std::size_t n,
                    Compressor compressor);
  void add_up(std::size_t unit, Range range, std::span<T> mean);
  void join(std::size_t unit, std::span<T> mean);
  void leave_pending(std::size_t unit, bool in_segments);
  bool is_finite(std::size_t unit) const;
  void sum(std::size_t unit, Range sources, T divisor, std::size_t first, std::span<T> mean);
  void read_payloads(std::size_t unit, Range sources, std::size_t start, std::size_t stride,
                     double part);
  void check_messages();
  std::span<const std::span<const std::byte>> payloads_of(std::size_t unit, Range sources) const;
  void decode_on_device(std::size_t unit, Range sources, Range elements, std::size_t first,
                        T divisor);
  std::span<const Decoded<T>* const> sent_for(std::size_t unit, Range sources);

  std::span<Unit<T>> bucket_;
  Received received_;
  Round& round_;
  bool to_devices_ = true;  // units that lie there are opened there
  std::size_t ranks_;
  std::span<DirectoryEntry> directory_;
  std::span<MessageChecksum> checksums_;  // rank by rank
  std::span<const Decoded<T>*> opened_;   // unit by unit, rank by rank; null: nothing was sent
  std::span<Range> payloads_;             // where in the messages
  std::string_view current_;              // the unit whose payload is opened, for error messages
};

}  // namespace pith
