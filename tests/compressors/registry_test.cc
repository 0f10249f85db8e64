// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <gtest/gtest.h>

#include <pith/compressors/registry.h>
#include <pith/core/error.h>

#include "compressors/message_codec.h"

namespace pith::test {
namespace {

std::string message_error(const char* spec, const Shape& shape = Shape::flat(10)) {
  try {
    make_message<float>(parse_pipeline(spec), shape);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

std::string linear_error(const char* spec) {
  try {
    make_linear<float>(parse_pipeline(spec), Shape{4, 5});
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Registry, MakesEveryExampleOfEachKind) {
  for (const CompressorEntry& entry : compressors()) {
    EXPECT_EQ(message_error(entry.example.data()).empty(), entry.message) << entry.name;
    EXPECT_EQ(linear_error(entry.example.data()).empty(), entry.linear) << entry.name;
  }
}

TEST(Registry, NamesAndCodecsAreUnique) {
  std::set<std::string_view> names;
  std::set<std::uint16_t> codecs;
  for (const CompressorEntry& entry : compressors()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_TRUE(codecs.insert(entry.codec).second) << entry.name;
  }
}

// They are in messages: none may ever change.
TEST(Registry, CodecsStayAsTheyAre) {
  const char* const names[] = {"identity", "cast",     "topk",     "threshold",
                               "onebit",   "quantize", "natural",  "randomk",
                               "lowrank",  "levels",   "blocktopk"};
  std::uint16_t codec = 1;
  for (const char* name : names) EXPECT_EQ(compressor(name).codec, codec++) << name;
  EXPECT_EQ(codec_of(parse_pipeline("topk(density=0.01)|cast(fp16)")), 3);
  EXPECT_EQ(compressor("arctopk").codec, 13);
  EXPECT_EQ(compressor("acp").codec, 14);
  EXPECT_EQ(compressor("fedzip").codec, 15);
  EXPECT_EQ(compressor("permk").codec, 16);
  EXPECT_EQ(compressor("dct_topk").codec, 17);
  if (has_zstd()) {
    EXPECT_EQ(codec_of(parse_pipeline("topk(density=0.01)|cast(fp16)|zstd")), 12);
  }
}

TEST(Registry, NamesTheNearestCompressor) {
  EXPECT_EQ(message_error("topq(k=1)"),
            "unknown compressor \"topq\": did you mean \"topk\"? Known: identity, cast, topk, "
            "threshold, onebit, quantize, natural, randomk, lowrank, levels, blocktopk, "
            "arctopk, acp, fedzip, permk, dct_topk" +
                std::string(has_zstd() ? ", zstd" : ""));
}

TEST(Registry, NamesTheArgumentTheValueAndTheRange) {
  EXPECT_EQ(message_error("topk(density=0)"),
            "topk(density=0): density must be above 0 and at most 1, not 0");
  EXPECT_EQ(message_error("topk(density=1.5)"),
            "topk(density=1.5): density must be above 0 and at most 1, not 1.5");
  EXPECT_EQ(message_error("quantize(bits=9)"),
            "quantize(bits=9): bits must be a whole number from 1 to 8, not 9");
  EXPECT_EQ(message_error("quantize(bits=1,range=qsgd)"),
            "quantize(bits=1,range=qsgd): bits must be a whole number from 2 to 8, not 1");
  EXPECT_EQ(
      message_error("quantize(bits=3,range=qsgd,levels=4)"),
      "quantize(bits=3,range=qsgd,levels=4): levels must be a whole number from 1 to 3, not 4");
  EXPECT_EQ(message_error("onebit(scale=l3)"),
            "onebit(scale=l3): scale must be one of l1, l2, sides, deviation, not l3");
  EXPECT_EQ(message_error("fedzip(density=2)"),
            "fedzip(density=2): density must be above 0 and at most 1, not 2");
  EXPECT_EQ(message_error("fedzip(clusters=2)"),
            "fedzip(clusters=2): clusters must be a whole number from 3 to 16, not 2");
  EXPECT_EQ(message_error("threshold"),
            "threshold: value is missing; it must be above 0 and finite");
}

TEST(Registry, RefusesUnknownArguments) {
  EXPECT_EQ(
      message_error("onebit(blok=8)"),
      "onebit(blok=8): unknown argument \"blok\": did you mean \"block\"? Known: block, scale");
  for (const char* spec : {"identity(x=1)", "cast(fp16,y=1)", "natural(bits=9)", "topk(k=1,z=1)",
                           "threshold(value=1,k=1)", "quantize(levels=4)"}) {
    EXPECT_NE(message_error(spec).find("unknown argument"), std::string::npos) << spec;
  }
}

TEST(Registry, TopKTakesDensityOrK) {
  EXPECT_EQ(message_error("topk"), "topk: give density or k");
  EXPECT_EQ(message_error("topk(k=1,density=0.1)"),
            "topk(k=1,density=0.1): give density or k, not both");
}

TEST(Registry, RefusesStagesThatDoNotFit) {
  EXPECT_EQ(message_error("onebit|cast(fp16)"),
            "onebit|cast(fp16): onebit keeps every element, so no stage may follow it");
  EXPECT_EQ(message_error("topk(k=1)|onebit|natural"),
            "onebit|natural: onebit keeps every element, so no stage may follow it");
  EXPECT_EQ(message_error("topk(k=1)|lowrank(rank=4)"),
            "lowrank(rank=4): lowrank is not of the message kind");
  EXPECT_EQ(message_error("topk(k=1,values=4bit)|natural"),
            "topk(k=1,values=4bit): values=4bit is a second stage already");
  EXPECT_EQ(message_error("topk(k=1,values=fp16)|natural"),
            "topk(k=1,values=fp16): values=fp16 is a second stage already");
  EXPECT_EQ(linear_error("onebit"), "onebit: onebit is not of the linear kind");
}

TEST(Registry, TakesOneZstdAndOnlyAsTheLastStage) {
  EXPECT_EQ(message_error("zstd"), "zstd: zstd packs what other stages send: give them first");
  for (const char* spec :
       {"levels|zstd|zstd", "topk(k=1)|zstd|levels", "zstd|levels", "zstd|zstd"}) {
    EXPECT_EQ(message_error(spec),
              std::string(spec) + ": zstd packs a whole message, so no stage may follow it");
  }
  EXPECT_EQ(linear_error("lowrank(rank=4)|zstd"),
            "lowrank(rank=4)|zstd: only a cast may follow a linear compressor");
  if (has_zstd()) {
    EXPECT_EQ(message_error("levels|zstd(level=23)"),
              "zstd(level=23): level must be a whole number from 1 to 22, not 23");
    EXPECT_NE(message_error("levels|zstd(depth=1)").find("unknown argument"), std::string::npos);
  } else {
    EXPECT_EQ(message_error("levels|zstd"),
              "zstd: this build has no zstd: it needs libzstd and PITH_ZSTD=ON");
  }
}

TEST(Registry, RefusesTensorsOf2To32Elements) {
  EXPECT_EQ(message_error("identity", Shape{65536, 65536}),
            "identity: 65536x65536 has 2^32 elements or more");
  EXPECT_EQ(message_error("identity", Shape{65536, 65535}), "");
}

TEST(Registry, AnEmptyPipelineIsAUsageError) {
  EXPECT_THROW(make_message<float>({}, Shape::flat(1)), UsageError);
  EXPECT_THROW(make_linear<double>({}, Shape::flat(1)), UsageError);
  EXPECT_THROW(codec_of({}), UsageError);
}

}  // namespace
}  // namespace pith::test
