// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <pith/collectives/round.h>

// How the messages of gather, sharded and sparse move.
namespace pith {

/// Bytes that every rank sends to every other one before a message: its size and a signature.
inline constexpr std::size_t kSizeRecordBytes = 16;

/// All ranks' messages to this rank, in rank order.
struct Received {
  std::span<const std::byte> bytes;
  std::span<const std::size_t> sizes;  ///< one per rank

  std::span<const std::byte> message(std::size_t source) const;
};

/// What is wrong with a message of rank `source`, in which `name` is the unit that was read.
Fault wire_fault(std::string_view name, std::size_t source, const char* problem);

/// Every rank's message to every rank. Wire: (p-1) * (kSizeRecordBytes + message.size()).
/// Throws UsageError on every rank if the ranks' signatures differ, WireError if a size is beyond
/// `bound`.
Received gather_messages(std::span<const std::byte> message, std::size_t bound, Round& round);

/// Message r to rank r. Wire: (p-1) * kSizeRecordBytes + the messages to the other ranks.
/// Throws as gather_messages(); this rank alone may see it, so it is a TransportError.
Received scatter_messages(std::span<const std::span<const std::byte>> messages, std::size_t bound,
                          Round& round);

}  // namespace pith
