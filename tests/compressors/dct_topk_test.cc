// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <numbers>
#include <numeric>

#include <gmock/gmock.h>

#include <pith/compressors/dct.h>
#include <pith/core/error.h>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"
#include "support/every_simd_target.h"
#include "support/with_threads.h"

namespace pith::test {
namespace {

using Doubles = std::vector<double>;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kSizes[] = {1, 2, 3, 7, 15, 16, 17, 18, 32, 48, 50, 64, 96, 1000, 1024};

template <Element T>
constexpr double kRounding = 16 * std::numeric_limits<T>::epsilon();

double norm(const Doubles& x) { return std::sqrt(squared_distance(x, constant(x.size(), 0.0))); }

double scaled_cosine(std::size_t i, std::size_t k, std::size_t m) {
  const double angle = std::numbers::pi * double((2 * i + 1) * k % (4 * m)) / double(2 * m);
  return std::sqrt((k == 0 ? 1.0 : 2.0) / double(m)) * std::cos(angle);
}

/// The definition, number by number; x is filled up with zeros.
Doubles plain_dct(const Doubles& x, std::size_t m) {
  Doubles c(m);
  for (std::size_t k = 0; k < m; ++k) {
    for (std::size_t i = 0; i < x.size(); ++i) c[k] += x[i] * scaled_cosine(i, k, m);
  }
  return c;
}

Doubles plain_inverse(const Doubles& c) {
  Doubles x(c.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t k = 0; k < c.size(); ++k) x[i] += c[k] * scaled_cosine(i, k, c.size());
  }
  return x;
}

template <Element T>
std::vector<T> dct(const std::vector<T>& x, std::size_t m) {
  std::vector<T> c(m);
  Dct<T>(m).forward(x, c);
  return c;
}

template <Element T>
std::vector<T> inverse(const std::vector<T>& c, std::size_t n) {
  std::vector<T> x(n);
  Dct<T>(c.size()).inverse(c, x);
  return x;
}

template <Element T>
void expect_near(const std::vector<T>& x, const Doubles& expected, double scale) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(x[i], expected[i], kRounding<T> * scale) << i << " of " << x.size();
  }
}

TEST(Dct, MatchesTheWorkedExamples) {
  const double root = std::sqrt(2.0);
  EXPECT_THAT(dct<double>({3, 1}, 2),
              ElementsAre(testing::DoubleEq(2 * root), testing::DoubleEq(root)));
  EXPECT_EQ(dct<double>({-7}, 1), (Doubles{-7}));
  EXPECT_THAT(dct(constant(64, 0.5), 64)[0], testing::DoubleEq(4));
}

TEST(Dct, EqualsThePlainSums) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    for (const std::size_t m : kSizes) {
      for (const std::size_t n : {m, m / 2 + 1}) {
        const auto x = gaussian<T>(n, m);
        const Doubles exact(x.begin(), x.end());
        expect_near(dct(x, m), plain_dct(exact, m), norm(exact));
        const auto c = gaussian<T>(m, m + 1);
        const Doubles coefficients(c.begin(), c.end());
        expect_near(inverse(c, n), plain_inverse(coefficients), norm(coefficients));
      }
    }
  });
}

TEST(Dct, InverseGivesBackWhatItWasGiven) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    for (const std::size_t m : kSizes) {
      const auto x = gaussian<T>(m);
      const Doubles exact(x.begin(), x.end());
      expect_near(inverse(dct(x, m), m), exact, norm(exact));
    }
  });
}

TEST(Dct, EveryInstructionSetGivesTheSameBits) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    for (const std::size_t m : kSizes) {
      const auto x = gaussian<T>(m);
      const auto c = dct(x, m);
      const auto back = inverse(c, m);
      on_every_simd_target([&] {
        EXPECT_EQ(dct(x, m), c);
        EXPECT_EQ(inverse(c, m), back);
      });
    }
  });
}

TEST(Dct, CosinesAreExactWhereTheyCanBe) {
  EXPECT_EQ(quarter_cosine(0, 5), 1);
  EXPECT_EQ(quarter_cosine(5, 5), 0);
  EXPECT_EQ(quarter_cosine(10, 5), -1);
  EXPECT_EQ(quarter_cosine(15, 5), 0);
  EXPECT_EQ(quarter_cosine(20, 5), 1);
  for (std::size_t i = 0; i < 2000; ++i) {
    ASSERT_NEAR(quarter_cosine(i, 333), std::cos(std::numbers::pi * double(i) / 666), 2e-15) << i;
  }
}

/// What is decoded, by the plain sums: the k largest coefficients of every chunk.
Doubles reference(const Doubles& x, std::size_t k, std::size_t chunk) {
  Doubles out;
  for (std::size_t i = 0; i < x.size(); i += chunk) {
    const Doubles part(x.begin() + std::ptrdiff_t(i),
                       x.begin() + std::ptrdiff_t(std::min(x.size(), i + chunk)));
    Doubles c = plain_dct(part, chunk);
    Doubles sorted = c;
    std::ranges::sort(sorted, std::greater<>(), [](double v) { return std::abs(v); });
    for (double& v : c) v = std::abs(v) < std::abs(sorted[k - 1]) ? 0 : v;
    const Doubles decoded = plain_inverse(c);
    out.insert(out.end(), decoded.begin(), decoded.begin() + std::ptrdiff_t(part.size()));
  }
  return out;
}

TEST(DctTopK, KeepsTheLargestCoefficientsOfEveryChunk) {
  for (const std::size_t n : {1u, 63u, 64u, 65u, 128u, 1000u}) {
    const auto x = gaussian<double>(n);
    expect_near(MessageCodec<double>("dct_topk(k=5)").code(x), reference(x, 5, 64), norm(x));
    expect_near(MessageCodec<double>("dct_topk(k=3,chunk=7)").code(x), reference(x, 3, 7), norm(x));
  }
}

TEST(DctTopK, AWaveIsOneCoefficient) {
  Doubles x(200);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = (i < 100 ? 3 : -2) * scaled_cosine(i % 100, 17, 100);
  expect_near(MessageCodec<double>("dct_topk(k=1,chunk=100)").code(x), x, norm(x));
  EXPECT_GT(squared_distance(x, MessageCodec<double>("blocktopk(k=1,block=100)").code(x)),
            0.9 * 13);
}

TEST(DctTopK, AllCoefficientsGiveBackEveryLength) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    MessageCodec<T> codec("dct_topk(k=64)");
    for (const std::size_t n : {1u, 63u, 64u, 65u, 1000u}) {
      const auto x = gaussian<T>(n);
      expect_near(codec.code(x), Doubles(x.begin(), x.end()), 8);
    }
  });
}

double relative_error(const char* spec, const Doubles& x) {
  return squared_distance(x, MessageCodec<double>(spec).code(x)) / (norm(x) * norm(x));
}

// The table of docs/compressors.md.
TEST(DctTopK, GainsWhereNeighboursAreAlike) {
  const auto noise = gaussian<double>(65536);
  Doubles walk(noise.size());
  std::partial_sum(noise.begin(), noise.end(), walk.begin());
  const double mean = std::accumulate(walk.begin(), walk.end(), 0.0) / double(walk.size());
  for (double& v : walk) v -= mean;
  EXPECT_NEAR(relative_error("dct_topk(k=4)", noise), 0.69, 0.005);
  EXPECT_NEAR(relative_error("blocktopk(k=4,block=64)", noise), 0.69, 0.005);
  EXPECT_NEAR(relative_error("dct_topk(k=4)", walk), 1e-4, 1e-5);
  EXPECT_NEAR(relative_error("blocktopk(k=4,block=64)", walk), 0.93, 0.005);
}

// Where all coefficients are alike, the bound is reached.
TEST(DctTopK, ContractionIsKOverTheChunkAndNoMore) {
  MessageCodec<double> codec("dct_topk(k=16)");
  for (const std::size_t n : {1u, 64u, 65u, 1000u}) {
    EXPECT_EQ(codec->guarantee(n).contraction, 0.25);
    for (const Doubles& x : {gaussian<double>(n), one_hot<double>(n), geometric<double>(n),
                             eighths<double>(n), constant(n, 3.0)}) {
      EXPECT_LE(squared_distance(x, codec.code(x)), 0.75 * norm(x) * norm(x) + 1e-12) << n;
    }
  }
  const Doubles worst = plain_inverse(constant(64, 1.0));
  EXPECT_NEAR(squared_distance(worst, codec.code(worst)), 0.75 * 64, 1e-9);
  EXPECT_EQ(MessageCodec<float>("dct_topk(k=16,values=bf16)")->guarantee(9).contraction,
            0.25 * (1 - 0x1p-16));
}

TEST(DctTopK, ZerosAreZerosAndNothingIsNothing) {
  MessageCodec<float> codec("dct_topk(k=3)");
  EXPECT_EQ(codec.code(constant(100, 0.0f)), constant(100, 0.0f));
  EXPECT_TRUE(codec.encode({}).segments[0].empty());
}

// 16 bytes, and what blocktopk takes of 1,024 coefficients; the indices are those of 2 in 64.
TEST(DctTopK, TakesSixteenBytesMoreThanItsCoefficients) {
  const auto x = gaussian<float>(1000);
  EXPECT_EQ(MessageCodec<float>("dct_topk(k=2,index=raw32)").bytes(x), 16u + 16 + 128 + 128);
  EXPECT_EQ(MessageCodec<float>("dct_topk(k=2,index=bitmap,values=bf16)").bytes(x),
            16u + 16 + 128 + 64);
}

// 0 to 10 and 10 to 70 of three chunks of 32: the first one twice, the third too.
TEST(DctTopK, AChunkThatIsCutIsInBothSegments) {
  const auto message = MessageCodec<float>("dct_topk(k=4,chunk=32,index=raw32)")
                           .encode_cut(gaussian<float>(96), {0, 10, 70, 96});
  const std::size_t chunk = 16 + 16 + 16;  // a head, indices, values
  EXPECT_EQ(message.segments[0].size(), 16 + chunk);
  EXPECT_EQ(message.segments[1].size(), 16 + 3 * chunk);
  EXPECT_EQ(message.segments[2].size(), 16 + chunk);
}

TEST(DctTopK, BytesAreThoseOfOneThreadAndTheFirstTarget) {
  MessageCodec<float> codec("dct_topk(k=4,values=bf16)");
  const auto x = gaussian<float>(300001);
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

TEST(DctTopK, RefusesFrontsAndBacksThatAreNotThere) {
  MessageCodec<float> codec("dct_topk(k=4,chunk=32,index=raw32)");
  const auto message = codec.encode_cut(gaussian<float>(96), {0, 10, 70, 96});
  const auto refuses = [&](std::size_t s, std::size_t offset, std::uint32_t value) {
    Bytes bytes = message.segments[s];
    std::memcpy(&bytes[offset], &value, sizeof(value));
    std::vector<float> y(message.elements(s));
    try {
      codec->decode_axpy(1, {bytes, message.cuts[s]}, y, codec.scratch());
    } catch (const WireError&) {
      return true;
    }
    return false;
  };
  EXPECT_FALSE(refuses(1, 0, 48));
  EXPECT_FALSE(refuses(1, 4, 48));
  for (const std::size_t head : {0u, 4u}) {
    for (const std::uint32_t bytes : {0u, 16u, 47u, 64u, 96u, 4096u, 0xffffffffu}) {
      EXPECT_TRUE(refuses(1, head, bytes)) << head << ' ' << bytes;
    }
  }
  EXPECT_TRUE(refuses(0, 0, 48));  // it begins where the chunk does
  EXPECT_TRUE(refuses(1, 8, 1));   // padding
}

std::string error(const char* spec) {
  try {
    MessageCodec<float> codec(spec);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(DctTopK, SaysWhatIsWrongWithItsArguments) {
  EXPECT_THAT(error("dct_topk"), HasSubstr("k is missing; it must be 1 to 64"));
  EXPECT_THAT(error("dct_topk(k=65)"), HasSubstr("k=65"));
  EXPECT_THAT(error("dct_topk(k=1,chunk=2048)"), HasSubstr("chunk=2048"));
  EXPECT_THAT(error("dct_topk(k=1,block=64)"), HasSubstr("block"));
  EXPECT_THROW(MessageCodec<float>("dct_topk(k=1)")->max_wire_bytes(0xfffffff0u, 1), UsageError);
}

}  // namespace
}  // namespace pith::test
