// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <limits>
#include <thread>

#include <pith/compressors/zstd_frame.h>
#include <pith/core/error.h>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"

namespace pith::test {
namespace {

constexpr std::size_t kHead = 16;
constexpr RandomKey kKey{.seed = 5, .tensor = 6, .step = 7, .rank = 1};

// Normal in every tenth element.
template <Element T>
std::vector<T> mostly_zeros(std::size_t n) {
  auto x = gaussian<T>(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = i % 10 == 3 ? x[i] : T{0};
  return x;
}

std::vector<std::string> inner_specs() {
  auto specs = message_specs();
  std::erase_if(specs, [](const std::string& spec) { return spec.find("zstd") != spec.npos; });
  return specs;
}

class Zstd : public testing::TestWithParam<std::string> {};

template <Element T>
void expect_same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  ASSERT_EQ(a.size(), b.size());
  if (!a.empty()) {
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(T)), 0);
  }
}

template <Element T>
void expect_inner_values(const std::string& spec, const std::vector<T>& x,
                         const std::vector<std::size_t>& cuts) {
  MessageCodec<T> inner(spec);
  MessageCodec<T> packed(spec + "|zstd");
  const auto plain = inner.encode_cut(x, cuts, kKey);
  const auto message = packed.encode_cut(x, cuts, kKey);
  expect_same_bits(packed.decode(message), inner.decode(plain));
  for (std::size_t s = 0; s < message.segments.size(); ++s) {
    const std::size_t head = plain.segments[s].empty() ? 0 : kHead;
    EXPECT_LE(message.segments[s].size(), plain.segments[s].size() + head);
  }
}

TEST_P(Zstd, DecodesToTheBitsOfTheInnerCodecInAtMost16BytesMore) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    for (const std::size_t n : {1u, 33u, 1000u, 20000u}) {
      for (const auto& x : {gaussian<T>(n), mostly_zeros<T>(n), constant(n, zero)}) {
        const std::vector<std::size_t> uneven{0, 0, n / 3, n / 3, n, n};
        for (const auto& cuts : {even_cuts(n, 1), even_cuts(n, 3), uneven}) {
          expect_inner_values(GetParam(), x, cuts);
        }
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(All, Zstd, testing::ValuesIn(inner_specs()), test_name);

TEST(ZstdSegment, IsStoredBehindAHeadIfItDoesNotShrink) {
  const std::vector<float> x{1, -2, 3, -5};
  const Bytes plain = MessageCodec<float>("identity").encode(x).segments[0];
  Bytes expected(kHead);
  expected[0] = std::byte{16};
  expected.insert(expected.end(), plain.begin(), plain.end());
  EXPECT_EQ(MessageCodec<float>("identity|zstd").encode(x).segments[0], expected);
}

TEST(ZstdSegment, ShrinksWhereCodesAreRedundant) {
  const auto x = mostly_zeros<float>(65536);
  EXPECT_EQ(MessageCodec<float>("levels(bits=2)").bytes(x), 17408u);
  EXPECT_LT(MessageCodec<float>("levels(bits=2)|zstd").bytes(x), 17408u / 3);  // 4,208 by 1.5.4
}

// Written by libzstd 1.5.4. Another one may write other bytes, but reads these as the same values.
TEST(ZstdSegment, OfAnOlderVersionDecodesToTheSameValues) {
  constexpr std::string_view kSegment =
      "d0000000000000002b0000000000000028b52ffd20d0150100800000004000c0"
      "40c000000000000000000700a003a803c12084612e30dca48007b40000000000";
  Bytes bytes;
  for (std::size_t i = 0; i < kSegment.size(); i += 2) {
    bytes.push_back(
        static_cast<std::byte>(std::stoi(std::string(kSegment.substr(i, 2)), nullptr, 16)));
  }
  auto expected = constant(160, 0.0f);
  for (std::size_t i = 3; i < 160; i += 20) expected[i] = i % 40 == 3 ? 2.0f : -2.0f;
  MessageCodec<float> codec("levels(bits=2,block=4)|zstd");
  std::vector<float> y(160);
  codec->decode_axpy(1, {bytes, 0}, y, codec.scratch());
  EXPECT_EQ(y, expected);
}

/// A segment of 60 zeros by identity|zstd: 240 bytes in a frame.
class ZstdCorruption : public testing::Test {
 protected:
  static constexpr std::size_t kElements = 60;

  static void put(Bytes& bytes, std::size_t at, std::uint64_t value) {
    std::memcpy(bytes.data() + at, &value, sizeof(value));
  }

  // A segment that says it holds `raw` bytes in the frame.
  static Bytes segment(std::uint64_t raw, const Bytes& frame) {
    Bytes bytes(kHead + padded(frame.size()));
    put(bytes, 0, raw);
    put(bytes, 8, frame.size());
    std::ranges::copy(frame, bytes.begin() + kHead);
    return bytes;
  }

  static Bytes frame_of(const Bytes& raw) {
    Bytes frame(raw.size() + 100);
    frame.resize(write_frame(raw, 3, frame));
    EXPECT_FALSE(frame.empty());
    return frame;
  }

  bool refused(const Bytes& bytes) {
    const auto before = gaussian<float>(kElements);
    auto y = before;
    try {
      codec_->decode_axpy(1, {bytes, 0}, y, codec_.scratch());
    } catch (const WireError&) {
      EXPECT_EQ(y, before);
      return true;
    }
    return false;
  }

  MessageCodec<float> codec_{"identity|zstd"};
  Bytes raw_ = Bytes(4 * kElements);
  Bytes frame_ = frame_of(raw_);
};

TEST_F(ZstdCorruption, TheSegmentItselfIsAccepted) {
  EXPECT_EQ(codec_.encode(constant(kElements, 0.0f)).segments[0], segment(raw_.size(), frame_));
  EXPECT_FALSE(refused(segment(raw_.size(), frame_)));
}

TEST_F(ZstdCorruption, SizesOfTheHeadAreComparedBeforeTheyAreUsed) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t size : {kMost, kMost / 8 + 1, kMost - 15, std::uint64_t{0},
                                   std::uint64_t{224}, std::uint64_t{241}, std::uint64_t{256}}) {
    EXPECT_TRUE(refused(segment(size, frame_))) << size;
    Bytes bytes = segment(raw_.size(), frame_);
    put(bytes, 8, size);
    EXPECT_TRUE(refused(bytes)) << size;
    put(bytes, 0, size);
    EXPECT_TRUE(refused(bytes)) << size;
  }
  Bytes stored(kHead + raw_.size());
  put(stored, 0, raw_.size());
  EXPECT_FALSE(refused(stored));
  put(stored, 0, raw_.size() - 1);
  EXPECT_TRUE(refused(stored));
}

// A few bytes that unpack to 16 MiB.
TEST_F(ZstdCorruption, WhatWouldUnpackToMoreThanASegmentTakesNoMemory) {
  const Bytes bomb = frame_of(Bytes(std::size_t{1} << 24));
  ASSERT_LT(bomb.size(), 4096u);
  const std::size_t before = codec_.scratch().capacity();
  EXPECT_TRUE(refused(segment(std::uint64_t{1} << 24, bomb)));
  EXPECT_TRUE(refused(segment(raw_.size(), bomb)));
  EXPECT_LE(codec_.scratch().capacity(), before + 65536);
}

TEST_F(ZstdCorruption, OneFrameOfTheFormatOfTodayIsWanted) {
  Bytes twice = frame_;
  const Bytes empty = frame_of({});
  twice.insert(twice.end(), empty.begin(), empty.end());
  EXPECT_TRUE(refused(segment(raw_.size(), twice)));
  for (const std::uint32_t magic : {0xFD2FB527u, 0xFD2FB525u, 0x184D2A50u, 0u}) {
    Bytes other = frame_;  // versions 0.7 and 0.5, a frame to skip, nothing
    std::memcpy(other.data(), &magic, sizeof(magic));
    EXPECT_TRUE(refused(segment(raw_.size(), other))) << magic;
  }
  Bytes cut = frame_;
  while (!cut.empty()) {
    cut.pop_back();
    EXPECT_TRUE(refused(segment(raw_.size(), cut))) << cut.size();
  }
}

// Bits of the frame's first bytes change what it is; others may change the values, which the inner
// codec looks through.
TEST_F(ZstdCorruption, EveryFlippedBitIsRefusedOrDecodedToFiniteNumbers) {
  Bytes raw = raw_;
  for (std::size_t i = 0; i < raw.size(); i += 4) raw[i + 3] = std::byte{0x3f};
  const Bytes bytes = segment(raw.size(), frame_of(raw));
  std::size_t caught = 0;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= std::byte{1} << bit % 8;
    caught += refused(flipped);
  }
  EXPECT_GE(caught, 8 * kHead + 32);  // both sizes and the magic number
}

TEST_F(ZstdCorruption, WhatTheInnerCodecRefusesIsRefused) {
  Bytes raw = raw_;
  raw[2] = std::byte{0x80};  // an infinity
  raw[3] = std::byte{0x7f};
  EXPECT_TRUE(refused(segment(raw.size(), frame_of(raw))));
}

TEST(ZstdThreads, OneInstanceDecodesOnSeveral) {
  MessageCodec<float> codec("levels(bits=2)|zstd");
  const auto message = codec.encode(mostly_zeros<float>(20000));
  const auto expected = codec.decode(message);
  std::vector<std::vector<float>> sums(4, std::vector<float>(20000));
  std::vector<std::thread> threads;
  for (auto& y : sums) {
    threads.emplace_back([&] {
      Scratch scratch;
      codec->decode_axpy(1, message.segment(0), y, scratch);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& y : sums) EXPECT_EQ(y, expected);
}

}  // namespace
}  // namespace pith::test
