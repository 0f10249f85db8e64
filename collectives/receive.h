// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/collectives/encode.h>
#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>

// The receiving half of gather and sharded: messages are moved, opened and summed.
namespace pith {

/// Bytes that every rank sends to every other one before a message: its size and a signature.
inline constexpr std::size_t kSizeRecordBytes = 16;

/// All ranks' messages to this rank, in rank order.
struct Received {
  std::span<const std::byte> bytes;
  std::span<const std::size_t> sizes;  ///< one per rank
};

/// Every rank's message to every rank. Wire: (p-1) * (kSizeRecordBytes + message.size()).
/// Throws UsageError on every rank if the ranks' signatures differ, WireError if a size is beyond
/// `bound`.
Received gather_messages(std::span<const std::byte> message, std::size_t bound, Round& round);

/// Message r to rank r. Wire: (p-1) * kSizeRecordBytes + the messages to the other ranks.
/// Throws as gather_messages(); this rank alone may see it, so it is a TransportError.
Received scatter_messages(std::span<const std::span<const std::byte>> messages, std::size_t bound,
                          Round& round);

/// Opens all ranks' messages, then adds up what they decode to, in rank order, into the units'
/// means. What is wrong with one is noted in round.faults; then the means are not written.
template <Element T>
class Summation {
 public:
  Summation(std::span<Unit<T>> bucket, const Received& received, Round& round);

  /// Segment `segment` of `segments` of each unit's mean = the sum over the ranks of what they sent
  /// for it, divided by the round's divisor. One pass over the mean.
  void mean_of_segment(std::size_t segment, std::size_t segments);

  /// Each unit's mean = the owners' segments one after the other: rank r's message is segment r.
  void join_segments();

 private:
  std::span<const std::byte> message(std::size_t source) const;
  void open_message(std::size_t source, std::size_t segment, std::size_t segments,
                    MessageCompressor<T>* Unit<T>::*compressor);
  std::span<const Decoded<T>* const> sent_for(std::size_t unit, Range ranks);

  std::span<Unit<T>> bucket_;
  Received received_;
  Round& round_;
  std::size_t ranks_;
  std::span<DirectoryEntry> directory_;
  std::span<const Decoded<T>*> opened_;  // unit by unit, rank by rank; null: nothing was sent
  const Unit<T>* current_ = nullptr;     // whose payload is opened, for error messages
};

}  // namespace pith
