// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>

#include <gmock/gmock.h>

#include <pith/compressors/elias.h>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"

// The code itself, and what quantize(coding=elias) makes of it.
namespace pith::test {
namespace {

using Doubles = std::vector<double>;

/// "10100100000": the bits in the order in which they are sent.
std::string word(std::uint32_t number) {
  const EliasCode code = elias_code(number);
  std::string text;
  for (unsigned bit = 0; bit < code.length; ++bit) text += (code.bits >> bit & 1) != 0 ? '1' : '0';
  return text;
}

TEST(Elias, WordsAreThoseOfThePublication) {
  EXPECT_EQ(word(1), "0");
  EXPECT_EQ(word(2), "100");
  EXPECT_EQ(word(3), "110");
  EXPECT_EQ(word(4), "101000");
  EXPECT_EQ(word(5), "101010");
  EXPECT_EQ(word(8), "1110000");
  EXPECT_EQ(word(16), "10100100000");
  EXPECT_EQ(word(17), "10100100010");
}

Bytes written(const std::vector<std::uint32_t>& numbers) {
  Bytes bytes(3 * numbers.size() + 8);
  ByteWriter all(bytes);
  EliasWriter writer(all);
  for (const std::uint32_t number : numbers) {
    writer.put(elias_code(number));
    writer.put_bit(number % 3 == 0);
  }
  writer.finish();
  bytes.resize(all.used());
  return bytes;
}

TEST(Elias, EveryNumberComesBack) {
  std::vector<std::uint32_t> numbers(65535);
  std::iota(numbers.begin(), numbers.end(), 1u);
  const Bytes bytes = written(numbers);
  EliasReader reader(bytes, 65535, "elias");
  std::size_t bits = 0;
  for (const std::uint32_t number : numbers) {
    ASSERT_EQ(reader.get(), number);
    ASSERT_EQ(reader.get_bit(), number % 3 == 0);
    bits += elias_code(number).length + 1;
  }
  EXPECT_EQ(elias_code(65535).length, 23u);
  EXPECT_EQ(reader.used(), bits);
  EXPECT_EQ(bytes.size(), (bits + 7) / 8);
}

TEST(Elias, WhatEndsEarlyOrIsTooLargeIsRefused) {
  const Bytes bytes = written({1, 40000});
  const auto read = [](std::span<const std::byte> in, std::uint32_t most) {
    EliasReader reader(in, most, "elias");
    for (int i = 0; i < 2; ++i) {
      reader.get();
      reader.get_bit();
    }
  };
  EXPECT_NO_THROW(read(bytes, 40000));
  EXPECT_THROW(read(bytes, 39999), WireError);
  EXPECT_THROW(read(std::span(bytes).first(bytes.size() - 1), 40000), WireError);
  const Bytes ones(64, std::byte{0xff});  // groups without end
  EXPECT_THROW(read(ones, 65535), WireError);
}

/// Decodes the codes of (3, -4) with norm 5, written by hand.
Doubles decode(const std::string& bits) {
  MessageCodec<double> codec("quantize(range=qsgd,levels=4,coding=elias)");
  Bytes bytes(16);
  const double norm = 5;
  std::memcpy(bytes.data(), &norm, sizeof(norm));
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (bits[i] == '1') bytes[8 + i / 8] |= std::byte{1} << i % 8;
  }
  Doubles y(2);
  codec->decode_axpy(1, {bytes, 0}, y, codec.scratch());
  return y;
}

TEST(Elias, APayloadWrittenByHandIsDecoded) {
  EXPECT_EQ(decode("100"
                   "0"
                   "101000"
                   "1"),
            (Doubles{1.25, -3.75}));  // levels 1 and -3
  EXPECT_EQ(decode("0"
                   "101010"
                   "1"),
            (Doubles{0, -5}));  // no sign behind level 0
  EXPECT_THROW(decode("0"
                      "101100"
                      "0"),
               WireError);  // level 5 of 4
  EXPECT_THROW(decode("0"
                      "0"
                      "1"),
               WireError);  // padding
}

TEST(Elias, DecodesToWhatFixedCodesDecodeTo) {
  for (const std::string range : {"qsgd", "max"}) {
    const std::string same = "quantize(bucket=100,levels=31,range=" + range;
    const auto x = gaussian<float>(1000);
    MessageCodec<float> fixed(same + ",bits=6)");
    MessageCodec<float> elias(same + ",coding=elias)");
    const RandomKey key{.seed = 1, .step = 2};
    EXPECT_EQ(elias.code(x, key), fixed.code(x, key));
    EXPECT_EQ(elias.decode(elias.encode_cut(x, even_cuts(1000, 7), key)), fixed.code(x, key));
    EXPECT_EQ(elias->guarantee(1000).variance, fixed->guarantee(1000).variance);
  }
}

TEST(Elias, TheBoundIsReachedWhereAllLevelsAreTheHighest) {
  MessageCodec<float> codec("quantize(range=max,levels=7,coding=elias)");
  const auto x = constant(512, 2.0f);
  EXPECT_EQ(codec.bytes(x), codec->max_wire_bytes(512, 1));
  EXPECT_EQ(codec.bytes(x), padded(4 + 512 * (word(8).size() + 1) / 8));
}

constexpr std::size_t kBucket = 1024;
constexpr std::size_t kBuckets = 64;

/// Per element of kBuckets buckets, without their norms; all as they were drawn.
struct Measured {
  double bits;
  double nonzeros;
  double most_bits;      // 1 + 3 s ||x||_1 / (B ||x||), the mean over the buckets
  double most_nonzeros;  // s (s + sqrt(B)) / B
};

Measured measure(const Doubles& x, double levels) {
  const std::string s = std::to_string(static_cast<int>(levels));
  MessageCodec<double> codec("quantize(range=qsgd,bucket=1024,coding=elias,levels=" + s + ")");
  const auto message = codec.encode(x, {.seed = 4});
  const auto y = codec.decode(message);
  const auto nonzeros = std::ranges::count_if(y, [](double v) { return v != 0; });
  const auto n = static_cast<double>(x.size());
  double most = 0;
  for (std::size_t b = 0; b < kBuckets; ++b) {
    double sum = 0;
    double squares = 0;
    for (const double v : std::span(x).subspan(b * kBucket, kBucket)) {
      sum += std::abs(v);
      squares += v * v;
    }
    most += 1 + 3 * levels * sum / (kBucket * std::sqrt(squares));
  }
  const auto bits = static_cast<double>(message.segments[0].size() * 8 - kBuckets * 64);
  return {bits / n, static_cast<double>(nonzeros) / n, most / kBuckets,
          levels * (levels + std::sqrt(kBucket)) / kBucket};
}

Doubles laplacian(std::size_t n) {
  const Random random({.seed = 9});
  Doubles x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = (i % 2 == 0 ? 1 : -1) * -std::log(1 - static_cast<double>(random.uniform(i)));
  }
  return x;
}

TEST(Qsgd, E4FewLevelsAreNotZero) {
  for (const Doubles& x : {gaussian<double>(kBuckets * kBucket), laplacian(kBuckets * kBucket),
                           constant(kBuckets * kBucket, -2.0)}) {
    for (const double levels : {1.0, 2.0, 4.0, 8.0, 32.0}) {
      const Measured measured = measure(x, levels);
      EXPECT_LT(measured.nonzeros, measured.most_nonzeros) << levels;
      EXPECT_LT(measured.bits, 1.005 * measured.most_bits) << levels;  // as drawn
    }
  }
}

// 2.8 bits per element and 32 for the norm are published for s = sqrt(B). That is about what
// gradients take, but no bound: elements of one magnitude are all of level 1, whose code and sign
// take 4.
TEST(Qsgd, E4AsManyLevelsAsTheRootOfABucketTakeAbout3Bits) {
  EXPECT_NEAR(measure(gaussian<double>(kBuckets * kBucket), 32).bits, 2.94, 0.02);
  EXPECT_NEAR(measure(laplacian(kBuckets * kBucket), 32).bits, 2.71, 0.02);
  EXPECT_EQ(measure(constant(kBuckets * kBucket, -2.0), 32).bits, 4);
}

TEST(Qsgd, E4TheRootOfTheBucketIsTheUsualNumberOfLevels) {
  const auto x = gaussian<float>(5000);
  const auto bytes = [&](const std::string& more) {
    return MessageCodec<float>("quantize(range=qsgd,coding=elias" + more + ")").encode(x);
  };
  EXPECT_EQ(bytes(",bucket=1024"), bytes(",bucket=1024,levels=32"));
  EXPECT_EQ(bytes(""), bytes(",levels=23"));
  EXPECT_EQ(bytes(",bucket=1073741824"), bytes(",bucket=1073741824,levels=32767"));
}

TEST(Qsgd, E4EliasCodesAreForLevelsAndSigns) {
  for (const char* spec :
       {"quantize(coding=elias)", "quantize(range=qsgd,coding=elias,bits=4)",
        "quantize(range=qsgd,coding=elias,levels=32768)", "quantize(range=qsgd,coding=rice)"}) {
    EXPECT_THROW(MessageCodec<float>{spec}, UsageError) << spec;
  }
}

}  // namespace
}  // namespace pith::test
