// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"

// The wire is frozen: these bytes may only change together with kWireVersion. To write the files
// anew after such a change:
//   compressors_test --gtest_also_run_disabled_tests --gtest_filter=Golden.DISABLED_WriteFiles
namespace pith::test {
namespace {

struct GoldenFile {
  const char* codec;
  std::vector<const char*> specs;
};

const GoldenFile kFiles[] = {
    {"identity", {"identity"}},
    {"cast", {"cast(fp16)", "cast(bf16)", "cast(fp32)"}},
    {"topk",
     {"topk(k=3)", "topk(density=0.5)", "topk(k=3,index=raw32)",
      "topk(k=3,values=bf16,index=bitmap)", "topk(k=3,index=delta)", "topk(density=0.5,index=rice)",
      "topk(density=0.2,index=elias_fano)", "topk(k=3,index=runs16)",
      "topk(density=0.5,values=2bit)", "topk(density=0.5)|quantize(bits=3,bucket=4)"}},
    {"blocktopk", {"blocktopk(k=2,block=7)", "blocktopk(k=1,block=4,values=bf16)"}},
    {"threshold", {"threshold(value=2)", "threshold(value=2)|onebit(block=3)"}},
    {"onebit",
     {"onebit", "onebit(block=7)", "onebit(block=7,scale=l2)", "onebit(block=7,scale=sides)",
      "onebit(block=7,scale=deviation)"}},
    {"quantize",
     {"quantize(bits=2)", "quantize(bits=3,bucket=7,rounding=stochastic)",
      "quantize(bits=4,bucket=7,range=qsgd)", "quantize(bits=5,range=qsgd,rounding=nearest)",
      "quantize(bits=2,range=max,clip=2.5)", "quantize(bucket=7,range=qsgd,coding=elias)",
      "quantize(bits=3,range=deviation)"}},
    {"natural", {"natural"}},
    {"levels",
     {"levels(bits=2)", "levels(bits=2,block=7)", "levels(bits=4,block=7)", "levels(bits=8)"}},
    {"fedzip",
     {"fedzip", "fedzip(density=1,clusters=4)", "fedzip(density=0.5,encoding=table)",
      "fedzip(density=0.5,encoding=differences)"}},
    {"permk", {"permk(ranks=5)", "permk(ranks=7)"}},
    {"dct_topk", {"dct_topk(k=3)", "dct_topk(k=2,chunk=8)", "dct_topk(k=2,chunk=7,values=bf16)"}},
    // Segments of 16 bytes, which are stored: the bytes of a frame are libzstd's business.
    {"zstd", {"onebit|zstd", "levels(bits=2)|zstd"}},
};

// Whether this build can write it.
bool can_write(const GoldenFile& file) { return file.codec != std::string("zstd") || has_zstd(); }

std::filesystem::path path(const GoldenFile& file) {
  return (std::filesystem::path(PITH_GOLDEN_DIR) / file.codec).replace_extension(".hex");
}

std::string hex(const Bytes& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<int>(byte) / 16];
    text += kDigits[std::to_integer<int>(byte) % 16];
  }
  return text;
}

/// One line per segment of 20 elements cut at 0, 9 and 20.
template <Element T>
std::string lines(const char* spec) {
  const auto message = MessageCodec<T>(spec).encode_cut(
      eighths<T>(20), {0, 9, 20}, {.seed = 1, .tensor = 2, .step = 3, .rank = 4});
  std::string text;
  for (const Bytes& segment : message.segments) {
    text +=
        std::string(spec) + " " + std::string(name_of(element_type<T>)) + " " + hex(segment) + "\n";
  }
  return text;
}

std::string expected_text(const GoldenFile& file) {
  std::string text;
  for (const char* spec : file.specs) text += lines<float>(spec) + lines<double>(spec);
  return text;
}

TEST(Golden, BytesAreThoseOfTheFiles) {
  for (const GoldenFile& file : kFiles) {
    std::ifstream stream(path(file));
    ASSERT_TRUE(stream) << path(file);
    if (!can_write(file)) continue;
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_EQ(expected_text(file), text) << path(file);
  }
}

TEST(Golden, EveryMessageCompressorHasAFile) {
  for (const CompressorEntry& entry : compressors()) {
    const bool found = std::ranges::any_of(
        kFiles, [&](const GoldenFile& file) { return file.codec == entry.name; });
    EXPECT_EQ(found, entry.message) << entry.name;
  }
}

TEST(Golden, DISABLED_WriteFiles) {
  for (const GoldenFile& file : kFiles) {
    if (!can_write(file)) continue;
    std::ofstream stream(path(file));
    stream << expected_text(file);
    ASSERT_TRUE(stream) << path(file);
  }
}

}  // namespace
}  // namespace pith::test
