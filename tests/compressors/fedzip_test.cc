// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <numeric>

#include <gmock/gmock.h>

#include <pith/compressors/huffman.h>
#include <pith/compressors/kmeans.h>
#include <pith/core/error.h>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"
#include "support/every_simd_target.h"
#include "support/with_threads.h"

// E1, E2, ...: the numbered tests of FedZip, and what else is special about it.
namespace pith::test {
namespace {

using Doubles = std::vector<double>;
using testing::ElementsAre;

const std::vector<std::string> kEncodings{"huffman", "table", "differences"};

std::string spec(const std::string& density, const std::string& encoding,
                 const std::string& clusters = "3") {
  return "fedzip(density=" + density + ",clusters=" + clusters + ",encoding=" + encoding + ")";
}

/// n numbers of which `rare` each are -1 and 1, spread over all, and the others 0.
Doubles three_values(std::size_t n, std::size_t rare) {
  Doubles x(n);
  for (std::size_t i = 0; i < 2 * rare; ++i) x[i * n / (2 * rare)] = i % 2 == 0 ? -1 : 1;
  return x;
}

// H(0.8, 0.1, 0.1) = 0.9219 bits; a prefix code takes 1.2.
TEST(FedZip, E1FrequenciesOf801010TakeOnePointTwoBitsAndNoneLessThanTheEntropy) {
  const std::size_t n = 1000000;
  const double entropy = -0.8 * std::log2(0.8) - 0.2 * std::log2(0.1);
  EXPECT_NEAR(entropy, 0.9219, 5e-5);
  EXPECT_EQ(Huffman(std::vector<std::uint32_t>{100000, 800000, 100000}).bits(), 1200000u);
  const Doubles x = three_values(n, n / 10);
  const std::vector<float> floats(x.begin(), x.end());
  for (const std::string& encoding : kEncodings) {
    const std::size_t bytes = MessageCodec<float>(spec("1", encoding)).bytes(floats);
    EXPECT_GT(8.0 * double(bytes), entropy * n) << encoding;
  }
  const std::size_t bytes = MessageCodec<float>(spec("1", "huffman")).bytes(floats);
  EXPECT_EQ(bytes, padded(24 + 150000));
  EXPECT_NEAR(4.0 * n / double(bytes), 26.7, 0.05);
}

// Three values are their own centroids.
TEST(FedZip, E2EveryEncodingReturnsWhatItWasGiven) {
  const std::vector<Doubles> inputs{three_values(1000, 100),
                                    three_values(70000, 3),
                                    constant(100, 0.7),
                                    constant(1, -3.0),
                                    {0, 0, 0, 1, 1, 0, 0},  // the third cluster has no members
                                    {5, 5, 5, -2},
                                    {1, 2, 3},
                                    {2, 1}};
  for (const std::string& encoding : kEncodings) {
    MessageCodec<double> codec(spec("1", encoding));
    for (const Doubles& x : inputs) EXPECT_EQ(codec.code(x), x) << encoding << ' ' << x.size();
  }
}

TEST(FedZip, E2EveryEncodingOfTheSameInputDecodesToTheSame) {
  for (const char* clusters : {"3", "4", "7", "16"}) {
    const auto x = gaussian<double>(5000);
    const auto decoded = MessageCodec<double>(spec("0.2", "huffman", clusters)).code(x);
    for (const std::string& encoding : kEncodings) {
      EXPECT_EQ(MessageCodec<double>(spec("0.2", encoding, clusters)).code(x), decoded);
    }
  }
}

// The middle one of -1, 2, 5 is empty at first, and moves to the -1 that is far from -1/3.
TEST(FedZip, E3CentroidsOfTheWorkedExampleAreExact) {
  Scratch scratch;
  const Doubles x{-1, -1, 0, 0, 0, 0, 5, 5};
  EXPECT_THAT(KMeans<double>(x, 0, 3, scratch).centroids(), ElementsAre(-1, 0, 5));
  const Doubles kept{-1, -1, 5, 5};
  EXPECT_THAT(KMeans<double>(kept, 4, 3, scratch).centroids(), ElementsAre(-1, 0, 5));
  for (const std::string& encoding : kEncodings) {
    EXPECT_EQ(MessageCodec<double>(spec("1", encoding)).code(x), x);
    EXPECT_EQ(MessageCodec<double>(spec("0.5", encoding)).code(x), x);
  }
}

TEST(FedZip, E4AnAllZeroLayerDecodesToZeros) {
  for (const std::string& encoding : kEncodings) {
    for (const char* density : {"0.2", "1"}) {
      for (const std::size_t n : {1u, 2u, 17u, 5000u}) {
        MessageCodec<float> codec(spec(density, encoding));
        EXPECT_EQ(codec.code(constant(n, 0.0f)), constant(n, 0.0f)) << encoding << ' ' << n;
      }
    }
  }
}

// Layers one behind the other, as segments of one message and as messages.
TEST(FedZip, E5LayersOneBehindTheOtherDecodeAndNoOtherLengthDoes) {
  for (const std::string& encoding : kEncodings) {
    MessageCodec<double> codec(spec("0.2", encoding));
    const auto x = gaussian<double>(300);
    const auto message = codec.encode_cut(x, {0, 1, 100, 100, 300});
    EXPECT_EQ(codec.decode(message), codec.code(x));
    for (std::size_t s = 0; s < message.segments.size(); ++s) {
      if (message.segments[s].empty()) continue;
      for (const std::ptrdiff_t change : {-16, -1, 1, 16}) {
        Bytes bytes = message.segments[s];
        bytes.resize(bytes.size() + static_cast<std::size_t>(change));
        Doubles y(message.elements(s));
        EXPECT_THROW(codec->decode_axpy(1, {bytes, message.cuts[s]}, y, codec.scratch()),
                     WireError);
      }
      Doubles y(message.elements(s) + 1);
      EXPECT_THROW(codec->decode_axpy(1, message.segment(s), y, codec.scratch()), WireError);
    }
  }
}

double squared_norm_of(const Doubles& x) { return squared_distance(x, Doubles(x.size())); }

// Lloyd's steps by hand over all numbers, to be no worse than the histogram's by more than the
// width of its bins allows.
TEST(FedZip, HistogramFindsClustersAsGoodAsThoseOfAllNumbers) {
  const auto x = gaussian<double>(20000);
  const auto [low, high] = std::ranges::minmax(x);
  Doubles centroids{low, (low + high) / 2, high};
  const auto nearest = [&](double v) {
    return static_cast<std::size_t>(
        std::ranges::min_element(centroids, {}, [v](double c) { return std::abs(v - c); }) -
        centroids.begin());
  };
  for (int i = 0; i < 4; ++i) {
    Doubles sums(3);
    Doubles counts(3);
    for (const double v : x) {
      sums[nearest(v)] += v;
      counts[nearest(v)] += 1;
    }
    for (std::size_t j = 0; j < 3; ++j) centroids[j] = sums[j] / counts[j];
  }
  Doubles expected(x.size());
  std::ranges::transform(x, expected.begin(), [&](double v) { return centroids[nearest(v)]; });
  const double error = squared_distance(x, MessageCodec<double>("fedzip(density=1)").code(x));
  EXPECT_NEAR(error / squared_distance(x, expected), 1, 1e-3);
  EXPECT_LT(error, 0.3 * squared_norm_of(x));
}

TEST(FedZip, ContractsIfNothingIsDropped) {
  for (const char* clusters : {"3", "5", "16"}) {
    MessageCodec<double> codec(spec("1", "huffman", clusters));
    for (const std::size_t n : {1u, 2u, 5u, 1000u}) {
      const auto random = gaussian<double>(n);
      Doubles hard = constant(n, 0.25);  // all but one in the cluster of the opposite sign
      hard[0] = -1;
      Doubles mixed = eighths<double>(n);
      mixed[0] = 1;
      for (const Doubles& x : {random, hard, mixed, one_hot<double>(n), geometric<double>(n)}) {
        EXPECT_LE(squared_distance(x, codec.code(x)),
                  (1 - *codec->guarantee(n).contraction) * squared_norm_of(x) + 1e-12);
      }
    }
  }
  EXPECT_EQ(MessageCodec<float>("fedzip(density=1)")->guarantee(8).contraction, (1 - 0x1p-20) / 8);
  EXPECT_EQ(MessageCodec<float>("topk(k=4)|fedzip(density=1)")->guarantee(16).contraction,
            (1 - 0x1p-20) / 16);
}

// Of 2,000 that are kept all but two are in the cluster of the zeros, whose centroid is 0.2; but
// 8,000 elements are -0.999.
TEST(FedZip, PromisesNothingIfElementsAreDropped) {
  MessageCodec<double> codec("fedzip");
  EXPECT_FALSE(codec->guarantee(10000).contraction);
  Doubles x = constant(10000, -0.999);
  std::fill(x.begin(), x.begin() + 2000, 1.0);
  x[0] = 8;
  x[1] = 4;
  EXPECT_GT(squared_distance(x, codec.code(x)), 1.2 * squared_norm_of(x));
}

// r outside the largest cluster of n: 24 bytes of head, and (n + r) bits or r addresses.
TEST(FedZip, BytesAreThoseOfTheFormula) {
  const Doubles x = three_values(1000, 50);
  const std::vector<float> floats(x.begin(), x.end());
  EXPECT_EQ(MessageCodec<float>(spec("1", "huffman")).bytes(floats), padded(24 + 1100 / 8 + 1));
  EXPECT_EQ(MessageCodec<float>(spec("1", "table")).bytes(floats), padded(24 + 1000 / 8));
  // Gaps of 19 or 20: 3 or 4 bits and one 1 or 2 zeros long, in 50 codes with one parameter.
  const std::size_t differences = MessageCodec<float>(spec("1", "differences")).bytes(floats);
  EXPECT_LE(differences, padded(24 + 2 * (8 + 1 + 50 * 6 / 8 + 2)));
  EXPECT_GE(differences, padded(24 + 2 * (8 + 1 + 50 * 5 / 8)));
}

TEST(FedZip, BytesAreThoseOfOneThreadAndTheFirstTarget) {
  const auto x = gaussian<float>(300001);
  for (const std::string& encoding : kEncodings) {
    MessageCodec<float> codec(spec("0.2", encoding));
    const auto message = codec.encode(x);
    const auto decoded = codec.decode(message);
    on_every_simd_target([&] {
      for (const std::size_t threads : {1u, 3u}) {
        const WithThreads with(threads);
        EXPECT_EQ(codec.encode(x), message);
        EXPECT_EQ(codec.decode(message), decoded);
      }
    });
  }
}

TEST(FedZip, RefusesPositionsInTwoClustersAndMembersThatAreNotAll) {
  MessageCodec<double> codec(spec("1", "table"));
  const auto message = codec.encode({-1, 0, 0, 0, 0, 0, 0, 1});
  const auto refuses = [&](std::size_t offset, std::uint8_t value) {
    auto changed = message;
    std::memcpy(&changed.segments[0][offset], &value, 1);
    try {
      codec.decode(changed);
    } catch (const WireError&) {
      return true;
    }
    return false;
  };
  const std::size_t members = 24;
  const std::size_t table = 36;
  EXPECT_EQ(message.segments[0][table], std::byte{0x38});  // 0 and 7 in 3 bits each
  EXPECT_FALSE(refuses(table, 0x38));
  EXPECT_FALSE(refuses(table, 0x08));  // 0 and 1
  EXPECT_TRUE(refuses(table, 0x3f));   // 7 and 7
  EXPECT_TRUE(refuses(members, 2));
  EXPECT_TRUE(refuses(7, 0x7f));  // the first centroid is infinite
}

TEST(FedZip, HuffmanCodesAreShortestFirstAndRefuseOtherCounts) {
  const std::vector<std::uint32_t> counts{1, 5, 0, 2};
  const Huffman code(counts);
  EXPECT_EQ(code.length(1), 1u);
  EXPECT_EQ(code.length(3), 2u);
  EXPECT_EQ(code.length(0), 3u);
  EXPECT_EQ(code.length(2), 3u);
  const std::vector<std::uint8_t> symbols{1, 0, 1, 3, 1, 3, 1, 1};
  Bytes bytes((code.bits() + 7) / 8);
  code.write(symbols, bytes);
  std::vector<std::uint8_t> read(symbols.size());
  code.read(bytes, read, "test");
  EXPECT_EQ(read, symbols);
  bytes[0] ^= std::byte{1};
  EXPECT_THROW(code.read(bytes, read, "test"), WireError);
}

}  // namespace
}  // namespace pith::test
