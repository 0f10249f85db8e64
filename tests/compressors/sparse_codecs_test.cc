// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include <gmock/gmock.h>

#include <pith/core/error.h>

#include "compressors/index_supports.h"
#include "compressors/inputs.h"
#include "compressors/message_codec.h"
#include "support/every_simd_target.h"

// What is special about compressors that keep some elements.
namespace pith::test {
namespace {

using Floats = std::vector<float>;

Floats code(const char* spec, const Floats& x) { return MessageCodec<float>(spec).code(x); }

TEST(TopK, TiesGoToTheLowestIndex) {
  EXPECT_EQ(code("topk(k=3)", {1, -1, 2, 1, -1, 1}), (Floats{1, -1, 2, 0, 0, 0}));
  EXPECT_EQ(code("topk(k=2)", {0, 0, 0}), (Floats{0, 0, 0}));
}

TEST(TopK, SelectsOverTheWholeTensor) {
  const Floats x{9, 8, 7, 1, 2, 3};
  MessageCodec<float> codec("topk(k=3)");
  EXPECT_EQ(codec.decode(codec.encode_cut(x, {0, 3, 6})), (Floats{9, 8, 7, 0, 0, 0}));
}

std::size_t kept(const std::string& spec, std::size_t n) {
  const auto decoded = code(spec.c_str(), constant(n, 1.0f));
  return static_cast<std::size_t>(std::ranges::count(decoded, 1.0f));
}

TEST(TopK, DensityIsRoundedUpButNotByItsOwnRoundingError) {
  EXPECT_EQ(kept("topk(density=0.01)", 1000), 10u);
  EXPECT_EQ(kept("topk(density=0.01)", 1001), 11u);
  EXPECT_EQ(kept("topk(density=0.07)", 100), 7u);  // 0.07 * 100 is above 7 in binary
  EXPECT_EQ(kept("topk(density=0.001)", 2), 1u);
  EXPECT_EQ(kept("topk(density=1)", 37), 37u);
}

TEST(Threshold, KeepsWhatReachesTheValue) {
  EXPECT_EQ(code("threshold(value=2)", {1, -2, 2, 1.9f, -5}), (Floats{0, -2, 2, 0, -5}));
  EXPECT_EQ(code("threshold(value=9)", {1, -2, 2}), (Floats{0, 0, 0}));
}

TEST(Threshold, IsNotRoundedToTheElementType) {
  EXPECT_EQ(code("threshold(value=1e300)", {3e38f}), Floats{0});
  EXPECT_EQ(code("threshold(value=1e-300)", {0, 1e-45f}), (Floats{0, 1e-45f}));
}

TEST(SparseMessage, LaysOutHeadIndicesAndValues) {
  MessageCodec<float> codec("topk(k=2,index=raw32)");
  const auto message = codec.encode_cut({0, 7, 0, 0, 0, -3, 0}, {0, 3, 7});
  struct {
    std::uint32_t count = 1, first = 1;
    std::uint8_t coder = 1, bytes = 4, high_bytes[6] = {};
    std::uint32_t index = 2, padding[3] = {};
    float value = -3;
    std::uint32_t zeros[3] = {};
  } expected;
  ASSERT_EQ(message.segments[1].size(), sizeof expected);
  EXPECT_EQ(std::memcmp(message.segments[1].data(), &expected, sizeof expected), 0);
}

TEST(SparseMessage, RefusesPaddingBehindTheIndicesThatIsNotZero) {
  MessageCodec<float> codec("topk(k=2,index=delta)");
  auto message = codec.encode({0, 7, 0, 0, 0, -3, 0});
  ASSERT_EQ(message.segments[0].size(), 48u);  // 16 + 2, and the values
  for (const std::size_t i : {18u, 25u, 31u}) {
    auto changed = message;
    changed.segments[0][i] = std::byte{1};
    EXPECT_THROW(codec.decode(changed), WireError) << i;
  }
}

TEST(SparseMessage, VisitsItsEntriesInOrder) {
  MessageCodec<float> codec("topk(k=3)|cast(bf16)");
  const auto message = codec.encode_cut({0, 7, 0, 0.5f, 0, -3, 0}, {0, 3, 7});
  std::vector<std::pair<std::size_t, float>> seen;
  const auto& sparse = dynamic_cast<SparseCompressor<float>&>(*codec);
  sparse.visit(message.segment(1), 4, codec.scratch(),
               [&](std::size_t index, float value) { seen.emplace_back(index, value); });
  EXPECT_THAT(seen, testing::ElementsAre(std::pair(0, 0.5f), std::pair(2, -3.0f)));
}

TEST(SparseMessage, SecondStageSeesOneArrayWhateverTheCuts) {
  MessageCodec<float> codec("threshold(value=1)|onebit(block=2)");
  const Floats x{2, 0, 4, 0, -6, 0, 0, 8};
  const Floats expected{3, 0, 3, 0, -7, 0, 0, 7};
  EXPECT_EQ(codec.code(x), expected);
  EXPECT_EQ(codec.decode(codec.encode_cut(x, {0, 1, 5, 8})), expected);
}

TEST(SparseMessage, RefusesMoreEntriesThanElements) {
  MessageCodec<float> codec("topk(k=2)");
  auto message = codec.encode_cut(constant(10, 1.0f), {0, 5, 10});
  message.segments[0][0] = std::byte{6};
  EXPECT_THROW(codec.decode(message), WireError);
}

// Three billion elements, of which most are announced in a message of 48 bytes.
TEST(SparseMessage, TakesNoMemoryForWhatIsOnlyAnnounced) {
  constexpr std::size_t kElements = 3'000'000'000;
  constexpr auto kCount = static_cast<std::uint32_t>(kElements - 1);
  MessageCodec<float> codec("topk(k=1)");
  for (std::uint8_t coder = 1; coder <= std::size(kIndexCoders); ++coder) {
    Bytes bytes(48);
    std::memcpy(bytes.data(), &kCount, sizeof(kCount));
    bytes[8] = std::byte{coder};
    bytes[9] = std::byte{16};
    EXPECT_THROW(codec->open({bytes, 0}, kElements, codec.scratch()), WireError) << int{coder};
    EXPECT_LE(codec.scratch().capacity(), 1'000'000u) << int{coder};
  }
}

TEST(SparseMessage, RefusesMoreEarlierEntriesThanEarlierElements) {
  MessageCodec<float> codec("topk(k=2)");
  auto message = codec.encode_cut(constant(10, 1.0f), {0, 5, 10});
  message.segments[1][4] = std::byte{5};
  EXPECT_NO_THROW(codec.decode(message));
  message.segments[1][4] = std::byte{6};
  EXPECT_THROW(codec.decode(message), WireError);
}

TEST(BlockTopK, KeepsTheSameOnEveryInstructionSet) {
  const auto x = gaussian<float>(9001);
  const auto expected = MessageCodec<float>("blocktopk(k=5,block=1000)").encode(x);
  on_every_simd_target(
      [&] { EXPECT_EQ(MessageCodec<float>("blocktopk(k=5,block=1000)").encode(x), expected); });
}

}  // namespace
}  // namespace pith::test
