// SPDX-License-Identifier: Apache-2.0
#include <boost/endian/buffers.hpp>
#include <charconv>
#include <string>

#include <pith/core/bytes.h>
#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/core/wire.h>

namespace pith {
namespace {

namespace endian = boost::endian;

struct WireHeader {
  endian::little_uint32_buf_t magic;
  endian::little_uint16_buf_t version;
  endian::little_uint16_buf_t flags;
  endian::little_uint32_buf_t source;
  endian::little_uint32_buf_t bucket;
  endian::little_uint64_buf_t sequence;
  endian::little_uint64_buf_t step;
  endian::little_uint32_buf_t epoch;
  endian::little_uint32_buf_t entries;
  endian::little_uint64_buf_t config;
  endian::little_uint64_buf_t payload_bytes;
  endian::little_uint64_buf_t checksum;
};
static_assert(sizeof(WireHeader) == kHeaderBytes && alignof(WireHeader) == 1);

struct WireEntry {
  endian::little_uint16_buf_t codec;
  endian::little_uint48_buf_t bytes;
};
static_assert(sizeof(WireEntry) == kDirectoryEntryBytes && alignof(WireEntry) == 1);

constexpr std::uint16_t kKnownFlags = kEmpty | kFault | kNonFinite;

WireHeader to_wire(const MessageHeader& header) {
  WireHeader wire;
  wire.magic = kWireMagic;
  wire.version = kWireVersion;
  wire.flags = header.flags;
  wire.source = header.source;
  wire.bucket = header.bucket;
  wire.sequence = header.sequence;
  wire.step = header.step;
  wire.epoch = header.epoch;
  wire.entries = header.entries;
  wire.config = header.config;
  wire.payload_bytes = header.payload_bytes;
  wire.checksum = 0;
  return wire;
}

MessageHeader from_wire(const WireHeader& wire) {
  return {.flags = wire.flags.value(),
          .source = wire.source.value(),
          .bucket = wire.bucket.value(),
          .sequence = wire.sequence.value(),
          .step = wire.step.value(),
          .epoch = wire.epoch.value(),
          .entries = wire.entries.value(),
          .config = wire.config.value(),
          .payload_bytes = wire.payload_bytes.value()};
}

WireEntry to_wire(const DirectoryEntry& entry) {
  WireEntry wire;
  wire.codec = entry.codec;
  wire.bytes = entry.bytes;
  return wire;
}

DirectoryEntry entry_at(std::span<const std::byte> message, std::size_t i) {
  const auto wire = load<WireEntry>(message.subspan(kHeaderBytes), i);
  return {wire.codec.value(), wire.bytes.value()};
}

/// What is wrong with the sizes in a directory, or nothing. The sum cannot overflow.
template <class EntryAt>
std::string directory_problem(std::size_t entries, std::uint64_t payload_bytes, EntryAt entry) {
  std::uint64_t left = payload_bytes;
  for (std::size_t i = 0; i < entries; ++i) {
    const std::uint64_t bytes = entry(i).bytes;
    if (bytes > left || bytes % kWireAlignment != 0) {
      return "directory entry " + std::to_string(i) + " is " + std::to_string(bytes) +
             " bytes, expected a multiple of 16, at most " + std::to_string(left);
    }
    left -= bytes;
  }
  if (left == 0) return {};
  return "directory adds up to " + std::to_string(payload_bytes - left) + " bytes, expected " +
         std::to_string(payload_bytes);
}

std::string text_of(std::uint64_t value, int base) {
  char text[24];
  const auto [end, error] = std::to_chars(std::begin(text), std::end(text), value, base);
  return (base == 16 ? "0x" : "") + std::string(text, end);
}

/// Compares what a message says with what it must say.
class Check {
 public:
  explicit Check(std::uint32_t source) : source_(source) {}

  void equal(const char* field, std::uint64_t found, std::uint64_t expected, int base = 10) const {
    if (found == expected) return;
    reject(std::string(field) + " is " + text_of(found, base) + ", expected " +
           text_of(expected, base));
  }

  [[noreturn]] void reject(const std::string& problem) const {
    throw WireError("open: message from rank " + std::to_string(source_) + ": " + problem);
  }

 private:
  std::uint32_t source_;
};

void check_header(const Check& check, const MessageHeader& found, const MessageHeader& expected) {
  check.equal("source", found.source, expected.source);
  check.equal("bucket", found.bucket, expected.bucket);
  check.equal("sequence", found.sequence, expected.sequence);
  check.equal("step", found.step, expected.step);
  check.equal("epoch", found.epoch, expected.epoch);
  check.equal("entries", found.entries, expected.entries);
  check.equal("config", found.config, expected.config, 16);
  check.equal("unknown part of flags", found.flags & ~kKnownFlags & 0xffff, 0, 16);
  check.equal("payload_bytes", found.payload_bytes, expected.payload_bytes);
}

void check_head(const Check& check, std::span<const std::byte> message, const MessageHeader& found,
                MessageHeader expected, std::size_t entries) {
  expected.entries = static_cast<std::uint32_t>(entries);
  expected.payload_bytes = message.size() - head_bytes(entries);
  check_header(check, found, expected);
  const std::string problem = directory_problem(
      entries, found.payload_bytes, [&](std::size_t i) { return entry_at(message, i); });
  if (!problem.empty()) check.reject(problem);
}

}  // namespace

std::size_t head_bytes(std::size_t entries) {
  return padded(kHeaderBytes + entries * kDirectoryEntryBytes);
}

void seal(std::span<std::byte> message, MessageHeader header,
          std::span<const DirectoryEntry> directory) {
  const std::size_t head = head_bytes(directory.size());
  if (message.size() < head) {
    throw UsageError("seal: message of " + std::to_string(message.size()) +
                     " bytes has no room for a head of " + std::to_string(head));
  }
  header.entries = static_cast<std::uint32_t>(directory.size());
  header.payload_bytes = message.size() - head;
  const std::string problem = directory_problem(directory.size(), header.payload_bytes,
                                                [&](std::size_t i) { return directory[i]; });
  if (!problem.empty()) throw UsageError("seal: " + problem);

  WireHeader wire = to_wire(header);
  ByteWriter writer(message);
  writer.put(wire);
  for (const DirectoryEntry& entry : directory) writer.put(to_wire(entry));
  writer.pad();
  RunningHash hash;
  hash.add(message);
  wire.checksum = hash.value();
  ByteWriter(message).put(wire);
}

MessageHeader open(std::span<const std::byte> message, const MessageHeader& expected,
                   std::span<DirectoryEntry> directory) {
  const Check check(expected.source);
  const std::size_t head = head_bytes(directory.size());
  if (message.size() < head) {
    check.reject("length is " + std::to_string(message.size()) + ", expected at least " +
                 std::to_string(head));
  }
  const auto wire = load<WireHeader>(message, 0);
  check.equal("magic", wire.magic.value(), kWireMagic, 16);
  check.equal("version", wire.version.value(), kWireVersion);
  const MessageHeader found = from_wire(wire);
  try {
    check_head(check, message, found, expected, directory.size());
  } catch (const WireError&) {
    MessageChecksum(message).check(expected.source);
    throw;
  }
  for (std::size_t i = 0; i < directory.size(); ++i) directory[i] = entry_at(message, i);
  return found;
}

MessageChecksum::MessageChecksum(std::span<const std::byte> message)
    : message_(message), read_(kHeaderBytes) {
  auto header = load<WireHeader>(message, 0);
  header.checksum = 0;
  hash_.add(std::as_bytes(std::span(&header, 1)));
}

void MessageChecksum::read_until(std::size_t end) {
  if (end <= read_) return;
  hash_.add(message_.subspan(read_, end - read_));
  read_ = end;
}

void MessageChecksum::check(std::uint32_t source) {
  read_until(message_.size());
  const auto wire = load<WireHeader>(message_, 0);
  Check(source).equal("checksum", wire.checksum.value(), hash_.value(), 16);
}

}  // namespace pith
