// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/core/wire.h>

#include "support/allocation_counter.h"

namespace pith::test {
namespace {

using testing::Eq;
using testing::HasSubstr;
using testing::ThrowsMessage;

using Bytes = std::vector<std::byte>;
using Directory = std::array<DirectoryEntry, 3>;

constexpr std::size_t kHead = 96;
constexpr std::size_t kPayload = 48;
constexpr std::size_t kChecksumAt = 56;

constexpr MessageHeader kHeader{.flags = kNonFinite,
                                .source = 0x31323334,
                                .bucket = 0x41424344,
                                .sequence = 0x5152535455565758,
                                .step = 0x6162636465666768,
                                .epoch = 0x71727374,
                                .entries = 3,
                                .config = 0x8182838485868788,
                                .payload_bytes = kPayload};
constexpr Directory kDirectory{{{0x0102, 16}, {0x0304, 32}, {0x0506, 0}}};

Bytes sealed(MessageHeader header = kHeader) {
  Bytes message(kHead + kPayload, std::byte{0xee});
  for (std::size_t i = 0; i < kPayload; ++i) message[kHead + i] = static_cast<std::byte>(0xa0 + i);
  header.entries = 0;  // both are taken from the sizes
  header.payload_bytes = 0;
  seal(message, header, kDirectory);
  return message;
}

MessageHeader opened(const Bytes& message, const MessageHeader& expected = kHeader) {
  Directory directory;
  const MessageHeader header = open(message, expected, directory);
  MessageChecksum(message).check(expected.source);
  return header;
}

/// The bytes of a file of hexadecimal text, # comments left out.
Bytes golden(const std::string& name) {
  std::ifstream file(PITH_GOLDEN_DIR "/" + name);
  Bytes bytes;
  for (std::string line; std::getline(file, line);) {
    std::istringstream text(line.substr(0, line.find('#')));
    for (std::string byte; text >> byte;) {
      bytes.push_back(static_cast<std::byte>(std::stoi(byte, nullptr, 16)));
    }
  }
  return bytes;
}

template <class V>
Bytes with(Bytes message, std::size_t offset, V value) {
  std::memcpy(message.data() + offset, &value, sizeof(V));
  return message;
}

/// The message with a checksum that fits, so that the checks behind it are reached.
Bytes resealed(Bytes message) {
  message = with(std::move(message), kChecksumAt, std::uint64_t{0});
  return with(message, kChecksumAt, hash(message));
}

void expect_wire_error(const Bytes& message, const std::string& problem,
                       const MessageHeader& expected = kHeader) {
  const std::string rank = std::to_string(expected.source);
  Directory directory = kDirectory;
  directory[0].codec = 77;
  const Directory before = directory;
  const auto checked = [&] {
    open(message, expected, directory);
    MessageChecksum(message).check(expected.source);
  };
  EXPECT_THAT(checked,
              ThrowsMessage<WireError>(Eq("open: message from rank " + rank + ": " + problem)));
  EXPECT_EQ(directory, before);
}

TEST(HeadBytes, HoldHeaderAndDirectoryPadded) {
  EXPECT_EQ(head_bytes(0), 64u);
  EXPECT_EQ(head_bytes(1), 80u);
  EXPECT_EQ(head_bytes(2), 80u);
  EXPECT_EQ(head_bytes(3), 96u);
}

TEST(Seal, WritesTheGoldenBytes) { EXPECT_EQ(sealed(), golden("wire_header.hex")); }

TEST(Open, ReadsTheGoldenBytes) {
  Directory directory;
  EXPECT_EQ(open(golden("wire_header.hex"), kHeader, directory), kHeader);
  EXPECT_EQ(directory, kDirectory);
}

TEST(Open, ReadsAMessageWithoutDirectoryAndPayload) {
  Bytes message(kHeaderBytes);
  const MessageHeader header{.flags = kEmpty | kFault, .source = 2};
  seal(message, header, {});
  EXPECT_EQ(open(message, header, {}), header);
}

TEST(Open, DoesNotCompareFlagsAndPayloadBytes) {
  MessageHeader expected = kHeader;
  expected.flags = kEmpty;
  expected.payload_bytes = 5;
  EXPECT_EQ(opened(sealed(), expected), kHeader);
}

TEST(Open, AllocatesNothing) {
  const Bytes message = sealed();
  const std::size_t before = allocations();
  opened(message);
  EXPECT_EQ(allocations(), before);
}

TEST(Open, FindsEverySingleFlippedBit) {
  Bytes message = sealed();
  for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
    const auto mask = static_cast<std::byte>(1 << (bit % 8));
    message[bit / 8] ^= mask;
    EXPECT_THROW(opened(message), WireError) << "bit " << bit;
    message[bit / 8] ^= mask;
  }
  EXPECT_NO_THROW(opened(message));
}

TEST(Open, FindsTruncationAtEveryLength) {
  const Bytes message = sealed();
  for (std::size_t length = 0; length < message.size(); ++length) {
    const Bytes cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_THROW(opened(cut), WireError) << length;
  }
}

TEST(Open, FindsBytesTooMany) {
  Bytes message = sealed();
  for (int i = 0; i < 32; ++i) {
    message.push_back(std::byte{0});
    EXPECT_THROW(opened(message), WireError) << i;
    EXPECT_THROW(opened(resealed(message)), WireError) << i;
  }
}

TEST(Open, ChecksLengthThenMagicThenVersionThenChecksum) {
  Bytes message = with(sealed(), 60, std::uint32_t{0});
  EXPECT_THAT([&] { opened(message); }, ThrowsMessage<WireError>(HasSubstr(": checksum is 0x")));
  message = with(message, 4, std::uint16_t{3});
  expect_wire_error(message, "version is 3, expected 2");
  message = with(message, 0, std::uint32_t{0x12345678});
  expect_wire_error(message, "magic is 0x12345678, expected 0x48544950");
  message.resize(95);
  expect_wire_error(message, "length is 95, expected at least 96");
}

TEST(Open, RefusesForItsChecksumWhatIsWrongBehindTheVersion) {
  Directory directory;
  EXPECT_THAT([&] { open(with(sealed(), 8, 77u), kHeader, directory); },
              ThrowsMessage<WireError>(HasSubstr(": checksum is 0x")));
}

TEST(MessageChecksum, IsTheSameWhateverThePieces) {
  const Bytes message = sealed();
  for (std::size_t first = 0; first <= message.size(); first += 7) {
    MessageChecksum checksum(message);
    for (const std::size_t end : {first, first / 2, message.size() - 1}) checksum.read_until(end);
    EXPECT_NO_THROW(checksum.check(0)) << first;
  }
}

TEST(Open, NamesSourceFieldAndBothValues) {
  const Bytes message =
      sealed({.source = 3, .bucket = 4, .sequence = 5, .step = 6, .epoch = 7, .config = 0xabc});
  const MessageHeader right{
      .source = 3, .bucket = 4, .sequence = 5, .step = 6, .epoch = 7, .config = 0xabc};
  EXPECT_NO_THROW(opened(message, right));
  const auto expect = [&](auto member, auto value, const std::string& problem) {
    MessageHeader expected = right;
    expected.*member = value;
    expect_wire_error(message, problem, expected);
  };
  expect(&MessageHeader::source, 9u, "source is 3, expected 9");
  expect(&MessageHeader::bucket, 9u, "bucket is 4, expected 9");
  expect(&MessageHeader::sequence, 9u, "sequence is 5, expected 9");
  expect(&MessageHeader::step, 9u, "step is 6, expected 9");
  expect(&MessageHeader::epoch, 9u, "epoch is 7, expected 9");
  expect(&MessageHeader::config, 0xdefu, "config is 0xabc, expected 0xdef");
}

TEST(Open, ComparesEntriesWithTheRoomForThem) {
  std::array<DirectoryEntry, 2> two;
  EXPECT_THAT([&] { open(sealed(), kHeader, two); },
              ThrowsMessage<WireError>(HasSubstr("entries is 3, expected 2")));
  const Bytes message = resealed(with(sealed(), 36, std::uint32_t{0xffffffff}));
  expect_wire_error(message, "entries is 4294967295, expected 3");
}

TEST(Open, RefusesUnknownFlags) {
  const Bytes message = resealed(with(sealed(), 6, std::uint16_t{0x8004}));
  expect_wire_error(message, "unknown part of flags is 0x8000, expected 0x0");
}

TEST(Open, TakesNoSizeFromTheWireAlone) {
  const std::uint64_t huge = ~std::uint64_t{0} - 15;
  expect_wire_error(resealed(with(sealed(), 48, huge)),
                    "payload_bytes is 18446744073709551600, expected 48");
  const auto entry = [](std::uint64_t bytes) { return bytes << 16; };
  expect_wire_error(resealed(with(sealed(), 72, entry(48))),
                    "directory entry 1 is 48 bytes, expected a multiple of 16, at most 32");
  expect_wire_error(resealed(with(sealed(), 80, entry(0xfffffffffff0))),
                    "directory entry 2 is 281474976710640 bytes, expected a multiple of 16, at "
                    "most 0");
  expect_wire_error(resealed(with(sealed(), 64, entry(8))),
                    "directory entry 0 is 8 bytes, expected a multiple of 16, at most 48");
  expect_wire_error(resealed(with(sealed(), 72, entry(16))),
                    "directory adds up to 32 bytes, expected 48");
}

TEST(Seal, RefusesWhatDoesNotFit) {
  Bytes message(kHead - 1);
  EXPECT_THAT(
      [&] { seal(message, kHeader, kDirectory); },
      ThrowsMessage<UsageError>(Eq("seal: message of 95 bytes has no room for a head of 96")));
  message.resize(kHead + 32);
  EXPECT_THAT([&] { seal(message, kHeader, kDirectory); },
              ThrowsMessage<UsageError>(HasSubstr("seal: directory entry 1 is 32 bytes")));
  message.resize(kHead + 64);
  EXPECT_THAT([&] { seal(message, kHeader, kDirectory); },
              ThrowsMessage<UsageError>(Eq("seal: directory adds up to 48 bytes, expected 64")));
  EXPECT_EQ(message, Bytes(kHead + 64));
}

}  // namespace
}  // namespace pith::test
