// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"
#include "support/allocation_counter.h"

namespace pith::test {
namespace {

constexpr std::size_t kSizes[] = {0, 1, 7, 8, 9, 31, 32, 33, 1000, 65537};
constexpr RandomKey kKey{.seed = 5, .tensor = 6, .step = 7, .rank = 1};

class MessageContract : public testing::TestWithParam<std::string> {};

// Cuts of several kinds, among them ones that leave segments empty.
std::vector<std::vector<std::size_t>> many_cuts(std::size_t n) {
  std::vector<std::vector<std::size_t>> all{{0, 0, n / 3, n / 3, n, n}, {0, n, n}};
  for (const std::size_t parts : {2u, 3u, 4u, 7u}) all.push_back(even_cuts(n, parts));
  return all;
}

// MessageCodec::encode checks the bound and the sizes of every message, and decoding the padding.
TEST_P(MessageContract, CutsDoNotChangeWhatIsDecoded) {
  for_each_type([](auto zero) {
    MessageCodec<decltype(zero)> codec(GetParam());
    for (const std::size_t n : kSizes) {
      const auto x = gaussian<decltype(zero)>(n);
      const auto whole = codec.code(x, kKey);
      for (const auto& cuts : many_cuts(n)) {
        ASSERT_EQ(codec.decode(codec.encode_cut(x, cuts, kKey)), whole) << n;
      }
    }
  });
}

// Also where all that a sparse message keeps lies in one short segment.
TEST_P(MessageContract, NoSegmentIsLongerThanSegmentsOfItsElementsCanBe) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    MessageCodec<T> codec(GetParam());
    auto x = gaussian<T>(1000);
    for (std::size_t i = 490; i < 510; ++i) x[i] *= 100;
    for (const std::vector<std::size_t>& cuts :
         {std::vector<std::size_t>{0, 1000}, {0, 490, 510, 1000}, {0, 499, 500, 501, 1000}}) {
      const auto message = codec.encode_cut(x, cuts, kKey);
      for (std::size_t s = 0; s < message.segments.size(); ++s) {
        EXPECT_LE(message.segments[s].size(), codec->max_segment_bytes(message.elements(s))) << s;
      }
    }
  });
}

TEST_P(MessageContract, EmptySegmentsHaveNoBytes) {
  for_each_type([](auto zero) {
    MessageCodec<decltype(zero)> codec(GetParam());
    EXPECT_TRUE(codec.encode({}).segments[0].empty());
    const auto message = codec.encode_cut(gaussian<decltype(zero)>(20), {0, 0, 20, 20});
    EXPECT_TRUE(message.segments[0].empty());
    EXPECT_TRUE(message.segments[2].empty());
  });
}

TEST_P(MessageContract, DecodingAddsAMultiple) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    MessageCodec<T> codec(GetParam());
    const auto x = gaussian<T>(100);
    const auto message = codec.encode(x, kKey);
    const auto decoded = codec.decode(message);
    auto y = gaussian<T>(100, 2);
    auto expected = y;
    for (std::size_t i = 0; i < y.size(); ++i) expected[i] += T{-0.5} * decoded[i];
    codec->decode_axpy(T{-0.5}, message.segment(0), y, codec.scratch());
    EXPECT_EQ(y, expected);
  });
}

TEST_P(MessageContract, DecodesFiniteNumbersFromTheLargestAndTheSmallest) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    using Limits = std::numeric_limits<T>;
    MessageCodec<T> codec(GetParam());
    for (const T large : {Limits::max(), Limits::min(), Limits::denorm_min()}) {
      std::vector<T> x(100, large);
      for (std::size_t i = 0; i < x.size(); i += 3) x[i] = -large;
      x[1] = 0;
      EXPECT_THAT(codec.code(x, kKey),
                  testing::Each(testing::Truly([](T v) { return std::isfinite(v); })));
    }
  });
}

TEST_P(MessageContract, AllocatesNothingOnceItHasEncodedAndDecoded) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    MessageCodec<T> codec(GetParam());
    const auto x = gaussian<T>(5000);
    const auto cuts = even_cuts(x.size(), 3);
    Bytes bytes(codec->max_wire_bytes(x.size(), 3));
    std::vector<std::size_t> sizes(3);
    std::vector<T> y(x.size());
    const auto step = [&] {
      codec->encode(x, cuts, kKey, {bytes, sizes}, codec.scratch());
      const Segment segment{std::span(bytes).first(sizes[0]), 0};
      codec->decode_axpy(1, segment, std::span(y).first(cuts[1]), codec.scratch());
      codec.scratch().clear();
    };
    step();
    step();
    const std::size_t before = allocations();
    step();
    EXPECT_EQ(allocations(), before);
  });
}

INSTANTIATE_TEST_SUITE_P(All, MessageContract, testing::ValuesIn(message_specs()), test_name);

TEST(AllocationCounter, SeesAnAllocation) {
  const std::size_t before = allocations();
  const auto memory = std::make_unique<std::vector<int>>(10);
  EXPECT_EQ(allocations(), before + 2);
}

}  // namespace
}  // namespace pith::test
