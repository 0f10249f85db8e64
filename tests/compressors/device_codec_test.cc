// SPDX-License-Identifier: Apache-2.0
// What runs on a device has the host's bytes, means and states, bit by bit.
#include <cmath>
#include <limits>

#include <pith/core/error.h>

#include "compressors/device_parity.h"
#include "compressors/inputs.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

constexpr std::size_t kMany = 70001;  // of which the blocks of the emulation have several turns
constexpr RandomKey kKey{.seed = 3, .tensor = 4, .step = 5, .rank = 1};

// Of what codes every element, also as values of a sparse message.
const char* const kDense[] = {
    "identity",
    "cast(fp16)",
    "cast(bf16)",
    "cast(fp32)",
    "onebit",
    "onebit(block=7)",
    "onebit(block=64,scale=l2)",
    "onebit(block=333,scale=sides)",
    "onebit(block=100000,scale=deviation)",
    "quantize(bits=4)",
    "quantize(bits=1,bucket=33)",
    "quantize(bits=3,bucket=5000)",
    "quantize(bits=8,bucket=256,rounding=stochastic)",
    "quantize(bits=5,range=deviation)",
    "quantize(bits=2,range=deviation,bucket=31,rounding=stochastic)",
    "quantize(bits=4,range=qsgd)",
    "quantize(bits=4,bucket=1001,rounding=stochastic)",
    "quantize(bits=6,range=qsgd,levels=22,rounding=nearest,bucket=1000)",
    "quantize(bits=2,range=max,bucket=100000)",
    "quantize(bits=7,range=max,clip=2.5,bucket=100)",
    "levels(bits=4)",
    "levels(bits=2)",
    "levels(bits=2,block=4096)",
    "levels(bits=8,block=7)",
};

// Of what keeps some elements.
const char* const kSparse[] = {
    "topk(density=0.05)",
    "topk(k=40,index=bitmap)|cast(fp16)",
    "topk(density=0.2,values=4bit)",
    "threshold(value=1.5)",
    "threshold(value=0.5,index=raw32)|quantize(bits=3,bucket=50,rounding=stochastic)",
};

std::vector<std::string> dense_specs() { return {std::begin(kDense), std::end(kDense)}; }
std::vector<std::string> device_specs() {
  std::vector<std::string> specs = dense_specs();
  specs.insert(specs.end(), std::begin(kSparse), std::end(kSparse));
  return specs;
}

class DeviceCodec : public testing::TestWithParam<std::string> {};
class DenseDeviceCodec : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(All, DeviceCodec, testing::ValuesIn(device_specs()), test_name);
INSTANTIATE_TEST_SUITE_P(All, DenseDeviceCodec, testing::ValuesIn(dense_specs()), test_name);

// Zeros, ties, what is almost a number or almost none.
std::vector<float> special_numbers(std::size_t n) {
  using Limits = std::numeric_limits<float>;
  constexpr float kNumbers[] = {0.0f,
                                -0.0f,
                                Limits::denorm_min(),
                                -Limits::denorm_min(),
                                1.0f,
                                -1.0f,
                                Limits::min(),
                                0x1p-25f,
                                65504.0f,
                                -7e4f,
                                Limits::max(),
                                Limits::lowest(),
                                1e-39f,
                                0x1p-8f,
                                3.0f,
                                -3.0f};
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = kNumbers[(5 * i + i / 100) % std::size(kNumbers)];
  return x;
}

std::vector<std::vector<float>> inputs(std::size_t n) {
  return {gaussian<float>(n), special_numbers(n), constant<float>(n, -0.0f), eighths<float>(n),
          constant<float>(n, 1e-44f)};
}

std::vector<Bytes> segments_of_ranks(DeviceParity& codec, const std::vector<std::size_t>& cuts,
                                     std::size_t s, std::size_t ranks) {
  std::vector<Bytes> segments;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const auto x = rank == 1 ? eighths<float>(cuts.back()) : gaussian<float>(cuts.back(), rank + 1);
    segments.push_back(codec.host().encode_cut(x, cuts, kKey).segments[s]);
  }
  return segments;
}

TEST_P(DeviceCodec, EncodesComposesAndCommitsAsTheHostDoes) {
  DeviceParity codec(GetParam());
  const auto x = gaussian<float>(4500);
  for (const Composing composing : kComposings) {
    const auto input = composed_input(composing, x);
    codec.expect_same_step(input, {0, x.size()}, kKey);
    codec.expect_same_step(input, {0, x.size()}, kKey, Next::in_place);
    codec.expect_same_step(input, {0, 1111, 1111, 4096, x.size()}, kKey, Next::in_place);
  }
}

TEST_P(DeviceCodec, EncodesAnySize) {
  DeviceParity codec(GetParam());
  for (const std::size_t n : {0u, 1u, 2u, 7u, 31u, 33u, 256u, 511u, 512u, 513u, 4095u, 4097u}) {
    const auto input = composed_input(Composing::residual, gaussian<float>(n));
    for (const std::size_t parts : {1u, 2u, 3u}) {
      codec.expect_same_step(input, even_cuts(n, parts), kKey);
    }
  }
}

TEST_P(DeviceCodec, EncodesManySegments) {
  DeviceParity codec(GetParam());
  const auto input = composed_input(Composing::control, gaussian<float>(700));
  codec.expect_same_step(input, even_cuts(700, 150), kKey, Next::in_place);
}

TEST_P(DeviceCodec, EncodesSpecialNumbers) {
  DeviceParity codec(GetParam());
  for (const auto& x : inputs(1000)) {
    codec.expect_same_step({.gradient = x}, {0, 500, 1000}, kKey);
  }
  codec.expect_same_step(composed_input(Composing::residual, one_hot<float>(600)), {0, 600}, kKey);
}

TEST_P(DeviceCodec, EncodesMoreThanAGridHolds) {
  DeviceParity codec(GetParam());
  codec.expect_same_step(composed_input(Composing::residual, geometric<float>(kMany)), {0, kMany},
                         kKey);
}

TEST_P(DeviceCodec, TakesTheMeanOfRanksAsTheHostDoes) {
  DeviceParity codec(GetParam());
  for (const std::size_t ranks : {1u, 2u, 3u, 4u, 8u, 9u}) {
    const auto segments = segments_of_ranks(codec, {0, 4500}, 0, ranks);
    for (const float divisor : {1.0f, 3.0f, 4.0f}) {
      codec.expect_same_mean(segments, 0, 4500, divisor);
    }
  }
}

TEST_P(DeviceCodec, TakesTheMeanOfSegments) {
  DeviceParity codec(GetParam());
  const std::vector<std::size_t> cuts{0, 1, 34, 546, 4097, 4500};
  for (std::size_t s = 0; s < segments(cuts); ++s) {
    const auto parts = segments_of_ranks(codec, cuts, s, 3);
    codec.expect_same_mean(parts, cuts[s], cuts[s + 1] - cuts[s], 3);
  }
}

TEST_P(DeviceCodec, TakesTheMeanOfMoreThanAGridHolds) {
  DeviceParity codec(GetParam());
  codec.expect_same_mean({codec.host().encode(geometric<float>(kMany), kKey).segments[0]}, 0, kMany,
                         2);
}

TEST_P(DeviceCodec, TakesTheMeanOfManyRanks) {
  DeviceParity codec(GetParam());
  codec.expect_same_mean(segments_of_ranks(codec, {0, 100}, 0, 70), 0, 100, 70);
}

TEST_P(DeviceCodec, LooksAtNothingBehindASegment) {
  DeviceParity codec(GetParam());
  auto segments = segments_of_ranks(codec, {0, 100}, 0, 2);
  const auto mean = codec.mean_on_host(segments, 0, 100, 2);
  for (Bytes& bytes : segments) bytes.resize(bytes.size() + 32, std::byte{0xff});
  EXPECT_EQ(codec.mean_on_device(segments, 0, 100, 2), mean);
}

TEST_P(DeviceCodec, NotesWhatIsNotFinite) {
  DeviceParity codec(GetParam());
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const std::size_t where : {0u, 599u, 999u}) {
      auto x = gaussian<float>(1000);
      x[where] = bad;
      codec.on_device(composed_input(Composing::residual, x), {0, 600, 1000}, kKey);
      EXPECT_EQ(codec.fault().non_finite, 1u) << bad << " at " << where;
    }
  }
}

// Where heads, statistics and padding are.
bool near_an_end(std::size_t byte, const Bytes& bytes) {
  return byte < 18 || byte + 18 > bytes.size();
}

TEST_P(DeviceCodec, RefusesWhatIsTooShort) {
  DeviceParity codec(GetParam());
  for (const std::size_t first : {0u, 5u}) {
    const Bytes whole = segments_of_ranks(codec, {0, first, first + 60}, 1, 1)[0];
    for (std::size_t size = 0; size < whole.size(); size += near_an_end(size, whole) ? 1 : 7) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(codec.mean_on_device({whole, part}, first, 60, 2)) << size;
    }
  }
}

// Every bit near the ends, and one of every byte.
TEST_P(DeviceCodec, RefusesAndTakesWhatTheHostDoes) {
  DeviceParity codec(GetParam());
  const Bytes whole = segments_of_ranks(codec, {0, 5, 65}, 1, 1)[0];
  for (std::size_t bit = 0; bit < 8 * whole.size(); bit += near_an_end(bit / 8, whole) ? 1 : 9) {
    Bytes changed = whole;
    changed[bit / 8] ^= std::byte{1} << bit % 8;
    codec.expect_same_mean({changed}, 5, 60, 1);
  }
}

TEST_P(DeviceCodec, TakesNoMoreMemoryOnceItHasEnough) {
  DeviceParity codec(GetParam());
  const auto input = composed_input(Composing::residual, gaussian<float>(3000));
  codec.expect_same_step(input, {0, 1000, 3000}, kKey);
  const std::size_t held = codec.scratch().capacity();
  for (int step = 0; step < 3; ++step) codec.expect_same_step(input, {0, 1000, 3000}, kKey);
  EXPECT_EQ(codec.scratch().capacity(), held);
}

TEST_P(DeviceCodec, PromisesWhatTheHostDoes) {
  DeviceParity codec(GetParam());
  for (const std::size_t n : {1u, 100u, 10000u}) {
    const Guarantee host = codec.host()->guarantee(n);
    const Guarantee device = codec.device().guarantee(n);
    EXPECT_EQ(device.contraction, host.contraction);
    EXPECT_EQ(device.variance, host.variance);
    const std::size_t cuts[] = {0, n};
    EXPECT_LE(codec.device().place_bytes(cuts), codec.host()->max_wire_bytes(n, 1));
  }
}

TEST_P(DenseDeviceCodec, TakesACountFromTheDevice) {
  DeviceParity codec(GetParam());
  for (const std::size_t n : {0u, 1u, 100u, 600u}) {
    codec.expect_same_step({.gradient = gaussian<float>(n + 1)}, {0, n + 1}, kKey, Next::apart, 37);
    const auto input = composed_input(Composing::residual, gaussian<float>(n));
    codec.expect_same_step(input, {0, n}, kKey, Next::apart, 5000);
    if (n == 0) continue;
    codec.expect_same_mean(segments_of_ranks(codec, {0, n}, 0, 2), 0, n, 2, 1);
    codec.expect_same_mean(segments_of_ranks(codec, {0, n}, 0, 2), 0, n, 2, 4321);
  }
}

TEST(DeviceRegistry, RefusesWhatHasNoDeviceVersion) {
  const auto refused = [](const char* spec) {
    return usage_error([&] { make_device_message(parse_pipeline(spec), Shape::flat(10)); });
  };
  EXPECT_THAT(refused("fedzip"), testing::HasSubstr("fedzip has no device version"));
  if (has_zstd()) {
    EXPECT_THAT(refused("identity|zstd"), testing::HasSubstr("zstd has no device version"));
  }
  EXPECT_THAT(refused("quantize(range=qsgd,coding=elias)"),
              testing::HasSubstr("coding=elias has no device version"));
  EXPECT_THAT(refused("cast(fp17)"), testing::HasSubstr("fp17"));
  EXPECT_THAT(refused("lowrank(rank=4)"), testing::HasSubstr("not of the message kind"));
  EXPECT_THAT(refused("topk(density=0.1,sample=0.5)"),
              testing::HasSubstr("sample= has no device version"));
  EXPECT_THAT(refused("blocktopk(k=4)"), testing::HasSubstr("blocktopk has no device version"));
  EXPECT_THAT(refused("topk(k=4)|natural"), testing::HasSubstr("natural has no device version"));
}

}  // namespace
}  // namespace pith::test
