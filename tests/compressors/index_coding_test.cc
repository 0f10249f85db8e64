// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <pith/core/error.h>

#include "compressors/index_supports.h"

// Worked examples of each coder, what only it can refuse, and what stands in front of its bytes.
namespace pith::test {
namespace {

using Bytes = std::vector<std::byte>;

template <class... Values>
Bytes bytes(Values... values) {
  return {static_cast<std::byte>(values)...};
}

const IndexCoder& coder(const char* name) { return index_coder(index_coding(name)); }

// The published example of four indices below 1,024. Their gaps are 3, 6, 0, 288.
const IndexSet kExample{{3, 10, 11, 300}, 1024};

TEST(Raw32, MatchesTheWorkedExample) {
  EXPECT_EQ(written(coder("raw32"), kExample),
            bytes(3, 0, 0, 0, 10, 0, 0, 0, 11, 0, 0, 0, 44, 1, 0, 0));
}

TEST(Bitmap, MatchesTheWorkedExample) {
  const Bytes map = written(coder("bitmap"), kExample);
  EXPECT_EQ(map.size(), 128u);
  EXPECT_EQ(map[0], std::byte{8});
  EXPECT_EQ(map[1], std::byte{12});
  EXPECT_EQ(map[37], std::byte{16});
}

TEST(Delta, MatchesTheWorkedExample) {
  EXPECT_EQ(written(coder("delta"), kExample), bytes(0x03, 0x06, 0x00, 0xa0, 0x02));
}

TEST(Runs16, MatchesTheWorkedExample) {
  EXPECT_EQ(written(coder("runs16"), kExample), bytes(3, 0, 6, 0, 0, 0, 0x20, 0x01));
}

// k = 5 takes 33 bits: the low parts 3, 6, 0, 0 take 20 and the unary ones 0, 0, 0, 9 take 13. But
// k = 6 takes 32: 3, 6, 0, 32 and 0, 0, 0, 4.
TEST(Rice, MatchesTheWorkedExample) {
  EXPECT_EQ(read(coder("rice"), bytes(5, 0xc3, 0x00, 0x00, 0x07, 0x10), 4, 1024), kExample.indices);
  EXPECT_EQ(written(coder("rice"), kExample), bytes(6, 0x83, 0x01, 0x80, 0x87));
}

// l = 8: 32 bits of low parts; 8 of high ones: three in bucket 0, one in bucket 1.
TEST(EliasFano, MatchesTheWorkedExample) {
  EXPECT_EQ(written(coder("elias_fano"), kExample), bytes(3, 10, 11, 44, 0x17));
}

TEST(Runs16, EscapesRunsOf65535AndMore) {
  const IndexCoder& runs = coder("runs16");
  EXPECT_EQ(written(runs, {{65534}, 65536}), bytes(0xfe, 0xff));
  EXPECT_EQ(written(runs, {{65535}, 65536}), bytes(0xff, 0xff, 0, 0));
  EXPECT_EQ(written(runs, {{200000}, 200001}), bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 67, 13));
  EXPECT_EQ(read(runs, bytes(0xff, 0xff, 0, 0), 1, 65536), Indices{65535});
  EXPECT_THROW(read(runs, bytes(0xff, 0xff, 0, 0), 1, 65535), WireError);
}

TEST(Delta, TakesAByteForEverySevenBits) {
  const IndexCoder& delta = coder("delta");
  EXPECT_EQ(written(delta, {{127}, 4000000000}), bytes(0x7f));
  EXPECT_EQ(written(delta, {{128}, 4000000000}), bytes(0x80, 0x01));
  EXPECT_EQ(written(delta, {{16384}, 4000000000}), bytes(0x80, 0x80, 0x01));
  EXPECT_EQ(written(delta, {{0xfffffffeu}, 0xffffffffu}), bytes(0xfe, 0xff, 0xff, 0xff, 0x0f));
}

TEST(Delta, RefusesNumbersThatAreLongerThanTheyHaveToBe) {
  EXPECT_EQ(read(coder("delta"), bytes(0x80, 0x01), 1, 1024), Indices{128});
  EXPECT_THROW(read(coder("delta"), bytes(0x80, 0x00), 1, 1024), WireError);
  EXPECT_THROW(read(coder("delta"), bytes(0x83, 0x80, 0x00), 1, 1024), WireError);
  EXPECT_THROW(read(coder("delta"), bytes(0x80, 0x80, 0x80, 0x80, 0x80, 0x01), 1, 1024), WireError);
  EXPECT_THROW(read(coder("delta"), bytes(0xff, 0xff, 0xff, 0xff, 0x7f), 1, 0xffffffffu),
               WireError);
}

TEST(Raw32, RefusesIndicesThatDoNotAscendOrLieOutside) {
  EXPECT_THROW(read(coder("raw32"), bytes(3, 0, 0, 0, 3, 0, 0, 0), 2, 1024), WireError);
  EXPECT_THROW(read(coder("raw32"), bytes(3, 0, 0, 0, 2, 0, 0, 0), 2, 1024), WireError);
  EXPECT_THROW(read(coder("raw32"), bytes(3, 0, 0, 0, 0, 4, 0, 0), 2, 1024), WireError);
  EXPECT_EQ(read(coder("raw32"), bytes(3, 0, 0, 0, 255, 3, 0, 0), 2, 1024), (Indices{3, 1023}));
}

TEST(Bitmap, RefusesOnesBehindTheEnd) {
  EXPECT_EQ(read(coder("bitmap"), bytes(0, 0x02), 1, 10), Indices{9});
  EXPECT_THROW(read(coder("bitmap"), bytes(0, 0x04), 1, 10), WireError);
  EXPECT_THROW(read(coder("bitmap"), bytes(0, 0x06), 1, 10), WireError);
}

TEST(Rice, RefusesParametersAbove31) {
  EXPECT_EQ(read(coder("rice"), bytes(31, 5, 0, 0, 0, 1), 1, 1024), Indices{5});
  EXPECT_THROW(read(coder("rice"), bytes(32, 5, 0, 0, 0, 1), 1, 1024), WireError);
}

TEST(Rice, RefusesBitsBehindTheLowPartsAndBehindTheUnaryOnes) {
  EXPECT_EQ(read(coder("rice"), bytes(5, 0x03, 0x02), 1, 1024), Indices{35});
  EXPECT_THROW(read(coder("rice"), bytes(5, 0x23, 0x02), 1, 1024), WireError);
  EXPECT_THROW(read(coder("rice"), bytes(5, 0x03, 0x06), 1, 1024), WireError);
  EXPECT_THROW(read(coder("rice"), bytes(5, 0x03, 0x02, 0), 1, 1024), WireError);
}

// 33 zeros and a one with k = 31 are an index of 33 * 2^31; a sum of such must not wrap around.
TEST(Rice, RefusesIndicesOutsideHoweverLarge) {
  EXPECT_THROW(read(coder("rice"), bytes(31, 0, 0, 0, 0, 0, 0, 0, 0, 2), 1, 0xffffffffu),
               WireError);
  Bytes wide = bytes(31, 31);
  wide.resize(2 + 257 * 31 / 8 + 1);
  wide.resize(wide.size() + 1000, std::byte{0});
  wide.resize(wide.size() + 33, std::byte{0xff});
  EXPECT_THROW(read(coder("rice"), wide, 257, 0xffffffffu), WireError);
  // Zeros without end are refused before they are added up.
  EXPECT_THAT([&] { read(coder("rice"), wide, 257, 7999); },
              testing::ThrowsMessage<WireError>(testing::HasSubstr("Rice codes of")));
}

TEST(EliasFano, RefusesIndicesThatDoNotAscendAndBitsBehindTheEnd) {
  const IndexCoder& fano = coder("elias_fano");
  EXPECT_EQ(read(fano, bytes(3, 10, 11, 44, 0x17), 4, 1024), kExample.indices);
  EXPECT_THROW(read(fano, bytes(3, 11, 10, 44, 0x17), 4, 1024), WireError);
  EXPECT_THROW(read(fano, bytes(3, 10, 10, 44, 0x17), 4, 1024), WireError);
  EXPECT_THROW(read(fano, bytes(3, 10, 11, 44, 0x0f), 4, 300), WireError);
  // 3 of 10: l = 1, three low bits and eight high ones
  EXPECT_EQ(written(fano, {{1, 4, 9}, 10}), bytes(0x05, 0x49));
  EXPECT_THROW(read(fano, bytes(0x0d, 0x49), 3, 10), WireError);
  EXPECT_THROW(read(fano, bytes(0x05, 0x89), 3, 10), WireError);
}

Bytes stream(IndexCoding coding, const IndexSet& set) {
  Bytes all(most_index_bytes(coding, set.indices.size(), set.n));
  ByteWriter writer(all);
  write_indices(coding, support_of(set), writer);
  all.resize(writer.used());
  return all;
}

Indices read_stream(IndexCoding coding, const Bytes& all, const IndexSet& set) {
  Scratch scratch;
  ByteReader reader(all, "test");
  const auto indices = read_indices(coding, reader, set.indices.size(), set.n, scratch, "test");
  return {indices.begin(), indices.end()};
}

TEST(IndexCoding, SaysWhichCoderAndHowManyBytes) {
  EXPECT_EQ(stream(IndexCoding::delta, kExample),
            bytes(3, 5, 0, 0, 0, 0, 0, 0, 0x03, 0x06, 0x00, 0xa0, 0x02));
  // Delta and Elias-Fano take five bytes; the first of the list is taken.
  EXPECT_EQ(stream(IndexCoding::automatic, kExample), stream(IndexCoding::delta, kExample));
  EXPECT_EQ(stream(IndexCoding::automatic, {{}, 64}), bytes(1, 0, 0, 0, 0, 0, 0, 0));
}

TEST(IndexCoding, ReadsEveryCoderIfTheSpecLeavesItOpenAndElseTheOne) {
  for (const char* name : kIndexCoders) {
    const Bytes all = stream(index_coding(name), kExample);
    EXPECT_EQ(read_stream(IndexCoding::automatic, all, kExample), kExample.indices);
    EXPECT_EQ(read_stream(index_coding(name), all, kExample), kExample.indices);
    const bool raw = std::string_view(name) == "raw32";
    const IndexCoding other = raw ? IndexCoding::rice : IndexCoding::raw32;
    EXPECT_THROW(read_stream(other, all, kExample), WireError);
  }
}

TEST(IndexCoding, RefusesUnknownCodersAndWrongLengths) {
  const Bytes all = stream(IndexCoding::delta, kExample);
  for (const int number : {0, 7, 255}) {
    Bytes changed = all;
    changed[0] = static_cast<std::byte>(number);
    EXPECT_THROW(read_stream(IndexCoding::automatic, changed, kExample), WireError) << number;
  }
  for (const std::size_t byte : {1u, 2u, 7u}) {
    Bytes changed = all;
    changed[byte] ^= std::byte{1};
    EXPECT_THROW(read_stream(IndexCoding::automatic, changed, kExample), WireError) << byte;
  }
}

TEST(IndexCoding, WritesNothingThatDoesNotAscendWithinTheSegment) {
  for (const Indices& bad : {Indices{3, 3}, Indices{3, 2}, Indices{3, 1024}}) {
    EXPECT_THROW(stream(IndexCoding::automatic, {bad, 1024}), UsageError);
  }
  Bytes all(100);
  ByteWriter writer(all);
  const Indices before{3};
  EXPECT_THROW(write_indices(IndexCoding::raw32, {before, 4, 100}, writer), UsageError);
}

TEST(IndexCoding, BoundIsThatOfTheBestCoderForTheWorstIndices) {
  // As for 1,000 of 1,000,000: Elias-Fano, 9,000 low and 2,954 high bits, 1 byte more than 1,495.
  EXPECT_EQ(most_index_bytes(IndexCoding::elias_fano, 1000, 1000000), 8u + 1125 + 370 + 1);
  EXPECT_LE(most_index_bytes(IndexCoding::automatic, 1000, 1000000), 8u + 1496);
  EXPECT_EQ(most_index_bytes(IndexCoding::raw32, 1000, 1000000), 8u + 4000);
  EXPECT_EQ(most_index_bytes(IndexCoding::automatic, 900, 1000), 8u + 125);
  EXPECT_EQ(most_index_bytes(IndexCoding::automatic, 0, 1000), 8u);
}

}  // namespace
}  // namespace pith::test
