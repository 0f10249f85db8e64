// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <pith/core/hash.h>

// The head of every message between ranks. docs/wire_format.md is the specification.
namespace pith {

inline constexpr std::uint32_t kWireMagic = 0x48544950;  // "PITH"
inline constexpr std::uint16_t kWireVersion = 2;
inline constexpr std::size_t kHeaderBytes = 64;
inline constexpr std::size_t kDirectoryEntryBytes = 8;

/// Why a message has no payload, if it has none. Other bits are zero.
enum WireFlags : std::uint16_t {
  kEmpty = 1,      ///< the rank takes no part in this round
  kFault = 2,      ///< the rank met an error and keeps to the schedule
  kNonFinite = 4,  ///< the rank's gradient had a NaN or an infinity
};

/// What a message says of itself. All fields but flags and payload_bytes are known to the receiver
/// beforehand and compared on arrival.
struct MessageHeader {
  std::uint16_t flags = 0;
  std::uint32_t source = 0;  ///< rank
  std::uint32_t bucket = 0;
  std::uint64_t sequence = 0;  ///< messages sent before by the same reducer
  std::uint64_t step = 0;
  std::uint32_t epoch = 0;          ///< of the plan: counts changes of compressors
  std::uint32_t entries = 0;        ///< of the directory
  std::uint64_t config = 0;         ///< hash of the registration
  std::uint64_t payload_bytes = 0;  ///< after header and directory

  bool operator==(const MessageHeader&) const = default;
};

/// Codec and size of one tensor's segment, in the order of the bucket's tensors.
struct DirectoryEntry {
  std::uint16_t codec = 0;
  std::uint64_t bytes = 0;  ///< below 2^48, a multiple of kWireAlignment

  bool operator==(const DirectoryEntry&) const = default;
};

/// Bytes of header and directory, padded.
std::size_t head_bytes(std::size_t entries);

/// Writes header and directory to the front of `message` and the checksum over all of it.
/// message.size() = head_bytes(directory.size()) + payload bytes, the payload being in place; the
/// fields `entries` and `payload_bytes` are taken from these sizes.
/// Throws UsageError if the message is too short or the directory does not add up to the payload.
void seal(std::span<std::byte> message, MessageHeader header,
          std::span<const DirectoryEntry> directory);

/// Checks, in this order: length, magic, version; the header against `expected` (all fields but
/// flags and payload_bytes) and its `entries` against directory.size(); that no unknown flag is set
/// and payload_bytes is what follows the head; that the directory adds up to it. Then fills
/// `directory` and returns the header. The checksum is left to MessageChecksum; but if something
/// behind the version is wrong and the checksum is too, it is the checksum that is named.
/// Throws WireError, with `directory` untouched: the expected source, the field, both values.
MessageHeader open(std::span<const std::byte> message, const MessageHeader& expected,
                   std::span<DirectoryEntry> directory);

/// Finds whether a message, of kHeaderBytes at least, is the one that was sealed. It reads the
/// message in pieces, so that whoever is about to read them too finds them in a cache.
class MessageChecksum {
 public:
  explicit MessageChecksum(std::span<const std::byte> message);

  /// Reads up to so many bytes of the message, if it has not yet.
  void read_until(std::size_t end);

  /// Reads the rest. Throws WireError as open(), if the checksum is another one.
  void check(std::uint32_t source);

 private:
  std::span<const std::byte> message_;
  std::size_t read_;
  RunningHash hash_;
};

}  // namespace pith
