// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include <pith/core/bytes.h>
#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/core/wire.h>

#include "fuzz/support.h"

namespace pith::test {
namespace {

/// How an input begins; the message follows.
struct HeadInput {
  std::uint8_t entries = 0;  ///< that the receiver expects
  std::uint8_t sealed = 0;   ///< even: the checksum, which no chance finds, is put right
};

constexpr std::size_t kChecksum = 56;  // its offset
constexpr MessageHeader kExpected{
    .source = 3, .bucket = 5, .sequence = 7, .step = 11, .epoch = 2, .config = 0x1122334455667788};
constexpr DirectoryEntry kBefore{.codec = 0xabcd, .bytes = 0xabcd};

void put_checksum(Bytes& message) {
  if (message.size() < kHeaderBytes) return;
  const auto field = std::span(message).subspan(kChecksum, sizeof(std::uint64_t));
  ByteWriter(field).put(std::uint64_t{0});
  ByteWriter(field).put(hash(message));
}

void require_as_expected(const MessageHeader& found, std::span<const DirectoryEntry> directory,
                         std::size_t size) {
  MessageHeader expected = kExpected;
  expected.flags = found.flags & (kEmpty | kFault | kNonFinite);
  expected.entries = static_cast<std::uint32_t>(directory.size());
  expected.payload_bytes = size - head_bytes(directory.size());
  require(found == expected, "an accepted header is what the receiver knows");
  std::uint64_t sum = 0;
  for (const DirectoryEntry& entry : directory) {
    require(entry.bytes % kWireAlignment == 0 && entry.bytes <= expected.payload_bytes,
            "an entry lies in the payload");
    sum += entry.bytes;
  }
  require(sum == expected.payload_bytes, "the entries add up to the payload");
}

/// A checksum is found right if it is.
void require_sealed(const Bytes& message) {
  Bytes sealed = message;
  put_checksum(sealed);
  bool right = true;
  try {
    MessageChecksum(message).check(kExpected.source);
  } catch (const WireError&) {
    right = false;
  }
  require(right == (sealed == message), "the checksum of the whole message decides");
}

void run(std::span<const std::byte> input) {
  if (input.size() < sizeof(HeadInput)) return;
  const auto head = load<HeadInput>(input, 0);
  const auto rest = input.subspan(sizeof(HeadInput));
  Bytes message(rest.begin(), rest.end());
  if (head.sealed % 2 == 0) put_checksum(message);
  std::vector<DirectoryEntry> directory(head.entries, kBefore);
  try {
    const MessageHeader found = open(message, kExpected, directory);
    require_as_expected(found, directory, message.size());
    require_sealed(message);
  } catch (const WireError&) {
    require(std::ranges::all_of(directory, [](const auto& entry) { return entry == kBefore; }),
            "a message that is refused leaves the directory as it was");
  }
}

void write_seeds(const std::string& folder) {
  for (const std::size_t entries : {0u, 1u, 3u, 40u}) {
    std::vector<DirectoryEntry> directory;
    for (std::size_t i = 0; i < entries; ++i) {
      directory.push_back({static_cast<std::uint16_t>(i), kWireAlignment * (i % 3)});
    }
    const std::size_t payload = std::accumulate(
        directory.begin(), directory.end(), std::size_t{0},
        [](std::size_t sum, const DirectoryEntry& entry) { return sum + entry.bytes; });
    Bytes message(head_bytes(entries) + payload);
    seal(message, kExpected, directory);
    const HeadInput head{.entries = static_cast<std::uint8_t>(entries)};
    write_seed(folder, std::to_string(entries), std::as_bytes(std::span(&head, 1)), message);
  }
}

}  // namespace
}  // namespace pith::test

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  pith::test::write_seeds_if_asked(*argc, *argv, pith::test::write_seeds);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pith::test::run(std::as_bytes(std::span(data, size)));
  return 0;
}
