// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/core/bytes.h>

namespace pith::test {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(Padded, RoundsUpToSixteen) {
  EXPECT_EQ(padded(0), 0u);
  EXPECT_EQ(padded(1), 16u);
  EXPECT_EQ(padded(16), 16u);
  EXPECT_EQ(padded(17), 32u);
}

TEST(ByteWriter, WritesLittleEndianWithoutGapsAndPadsWithZeros) {
  std::vector<std::byte> bytes(18, std::byte{0xee});
  ByteWriter writer(bytes);
  writer.put(std::uint8_t{1});
  writer.put(std::uint32_t{0x05040302});
  const std::array<std::uint16_t, 2> two{0x0706, 0x0908};
  writer.put_all(std::span<const std::uint16_t>(two));
  writer.put_all(std::span<const std::uint16_t>());
  EXPECT_EQ(writer.used(), 9u);
  writer.pad();
  EXPECT_EQ(writer.used(), 16u);
  EXPECT_EQ(bytes, bytes_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 0, 0, 0, 0xee, 0xee}));
}

TEST(ByteWriter, PadsNothingAtAMultipleOfSixteen) {
  std::vector<std::byte> bytes(16);
  ByteWriter writer(bytes);
  writer.pad();
  EXPECT_EQ(writer.used(), 0u);
  writer.put(std::array<std::uint64_t, 2>{1, 2});
  writer.pad();
  EXPECT_EQ(writer.used(), 16u);
}

TEST(ByteWriter, ReservesTheNextBytes) {
  std::vector<std::byte> bytes(8);
  ByteWriter writer(bytes);
  writer.put(std::uint16_t{0x0201});
  const auto reserved = writer.reserve(3);
  EXPECT_EQ(reserved.data(), bytes.data() + 2);
  EXPECT_EQ(reserved.size(), 3u);
  writer.put(std::uint8_t{9});
  EXPECT_EQ(bytes[5], std::byte{9});
}

TEST(ByteReader, ReadsWhatWasWrittenAtAnyAlignment) {
  std::vector<std::byte> bytes(32);
  ByteWriter writer(bytes);
  writer.put(std::uint8_t{7});
  writer.put(-1.5);
  writer.pad();
  writer.put(std::uint64_t{0x0102030405060708});
  ByteReader reader(bytes, "test");
  EXPECT_EQ(reader.get<std::uint8_t>(), 7);
  EXPECT_EQ(reader.get<double>(), -1.5);
  reader.skip_padding();
  EXPECT_EQ(reader.get<std::uint64_t>(), 0x0102030405060708u);
  EXPECT_EQ(reader.left(), 8u);
  EXPECT_EQ(reader.take(8).data(), bytes.data() + 24);
  EXPECT_EQ(reader.left(), 0u);
}

TEST(ByteReader, ThrowsInsteadOfReadingPastTheEnd) {
  const std::vector<std::byte> bytes(5);
  ByteReader reader(bytes, "topk");
  reader.take(3);
  EXPECT_THAT([&] { reader.get<std::uint32_t>(); },
              testing::ThrowsMessage<WireError>(
                  testing::Eq("topk: message ends after 5 bytes, 2 more were expected")));
  EXPECT_THROW(reader.take(3), WireError);
  EXPECT_THROW(reader.take(~std::size_t{0}), WireError);
  EXPECT_THROW(reader.skip_padding(), WireError);
  EXPECT_EQ(reader.left(), 2u);  // a refused read moves nothing
}

TEST(Load, ReadsFromAnUnalignedArray) {
  const auto bytes = bytes_of({0xff, 1, 0, 2, 0});
  const auto array = std::span(bytes).subspan(1);
  EXPECT_EQ(load<std::uint16_t>(array, 0), 1);
  EXPECT_EQ(load<std::uint16_t>(array, 1), 2);
}

}  // namespace
}  // namespace pith::test
