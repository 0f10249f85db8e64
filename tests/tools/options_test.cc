// SPDX-License-Identifier: Apache-2.0
#include "bench/options.h"

#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/compressors/registry.h>
#include <pith/core/error.h>

namespace pith::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Words = std::vector<const char*>;

CodecOptions codec(Words words) {
  words.insert(words.begin(), "codec");
  return parse_codec_options(static_cast<int>(words.size()), words.data());
}

CollectiveOptions all_reduce(Words words) {
  words.insert(words.begin(), "allreduce");
  return parse_collective_options(static_cast<int>(words.size()), words.data(),
                                  Collective::all_reduce);
}

TEST(Options, HaveDefaults) {
  const auto options = codec({});
  EXPECT_THAT(options.shapes, ElementsAre(Shape{4096, 4096}));
  EXPECT_EQ(options.iterations, 20u);
  EXPECT_EQ(options.warm_up, 5u);
  EXPECT_EQ(options.checks, 1u);
  EXPECT_EQ(options.ranks, 4u);
  EXPECT_EQ(options.commit, Commit::inplace);
  EXPECT_EQ(options.compressors.size(), compressors().size());
  EXPECT_THAT(options.feedbacks, ElementsAre("ef14"));
  EXPECT_THAT(options.data, ElementsAre("gaussian"));
  EXPECT_THAT(all_reduce({}).exchanges, ElementsAre("natural"));
}

TEST(Options, ReadSizesInBytesOfTheType) {
  EXPECT_THAT(codec({"-b", "16", "-e", "64"}).shapes,
              ElementsAre(Shape{2, 2}, Shape{2, 4}, Shape{4, 4}));
  EXPECT_THAT(codec({"-b", "16", "-e", "64", "-f", "4", "--type", "double"}).shapes,
              ElementsAre(Shape{1, 2}, Shape{2, 4}));
  EXPECT_THAT(codec({"-b", "64"}).shapes, ElementsAre(Shape{4, 4}));
  EXPECT_THAT(codec({"-e", "64"}).shapes, ElementsAre(Shape{4, 4}));
  EXPECT_THAT(codec({"--shape", "3x5"}).shapes, ElementsAre(Shape{3, 5}));
}

TEST(Options, TakeTheMatricesOfAListOfLayers) {
  const auto path = testing::TempDir() + "options_layers.txt";
  std::ofstream(path) << "conv 8x3x5x5\nbias 8\nfc 10x8\n";
  const auto options = codec({"--layers", path.c_str()});
  EXPECT_THAT(options.shapes, ElementsAre(Shape{8, 3, 5, 5}, Shape{10, 8}));
  EXPECT_TRUE(options.whole_model);
  EXPECT_FALSE(codec({}).whole_model);
  EXPECT_THROW(codec({"--layers", path.c_str(), "-b", "64"}), UsageError);
  EXPECT_THROW(codec({"--layers", path.c_str(), "--shape", "3x4"}), UsageError);
  std::ofstream(path) << "bias 8\n";
  EXPECT_THROW(codec({"--layers", path.c_str()}), UsageError);
}

TEST(Options, MayRepeatWhatIsCrossed) {
  const auto options = all_reduce({"--compressor", "onebit", "--compressor", "none", "--feedback",
                                   "none", "--feedback", "ef21", "--exchange", "gather",
                                   "--exchange", "sharded", "--local", "3"});
  EXPECT_THAT(options.compressors, ElementsAre("onebit", "none"));
  EXPECT_THAT(options.feedbacks, ElementsAre("none", "ef21"));
  EXPECT_THAT(options.exchanges, ElementsAre("gather", "sharded"));
  EXPECT_EQ(options.ranks.local, 3);
}

TEST(Options, GiveLocalRanksALink) {
  const auto link =
      all_reduce({"--local", "2", "--link", "125e6", "--link-latency", "5e-5"}).ranks.link;
  ASSERT_TRUE(link);
  EXPECT_EQ(link->bytes_per_second, 125e6);
  EXPECT_EQ(link->latency_seconds, 5e-5);
  EXPECT_FALSE(all_reduce({"--local", "2"}).ranks.link);
}

TEST(Options, AreListedButTheFile) {
  const auto options = codec({"-J", "out.json", "--ranks", "2"});
  EXPECT_EQ(options.json, "out.json");
  EXPECT_THAT(options.parameters, HasSubstr("ranks 2"));
  EXPECT_THAT(options.parameters, HasSubstr("iters 20"));
  EXPECT_THAT(options.parameters, testing::Not(HasSubstr("out.json")));
}

TEST(Options, OfHelpNeedNothingElse) {
  EXPECT_THAT(codec({"--help", "-b", "nonsense"}).help, HasSubstr("--floor-ratio"));
  EXPECT_THAT(all_reduce({"--help"}).help, HasSubstr("--local"));
}

TEST(Options, RefuseWhatIsWrongAndNameIt) {
  const std::vector<Words> wrong{
      {"-b", "2"},
      {"-b", "8", "-e", "4"},
      {"-f", "1"},
      {"-n", "0"},
      {"-w", "-1"},
      {"-c", "-1"},
      {"-t", "0"},
      {"--type", "half"},
      {"--shape", "3"},
      {"--ranks", "0"},
      {"--commit", "soon"},
      {"--floor-ratio", "0"},
      {"--shape", "3x4", "-b", "8"},
      {"--compressor", "topq"},
      {"--compressor", "topk(density=2)"},
      {"--compressor", "onebit@5,none"},
      {"--compressor", "lowrank(rank=0)"},
      {"--feedback", "ef15"},
      {"--feedback", "econtrol(eta=7)"},
      {"--exchange", "gather"},
      {"stray"},
      {"--seed"},
  };
  for (const Words& words : wrong) {
    EXPECT_THROW(codec(words), UsageError) << testing::PrintToString(words);
  }
  EXPECT_THROW(all_reduce({"--exchange", "ring"}), UsageError);
  EXPECT_THROW(all_reduce({"--local", "-1"}), UsageError);
  EXPECT_THROW(all_reduce({"--data", "zeros"}), UsageError);
  EXPECT_THROW(all_reduce({"--link", "1e6"}), UsageError);
  EXPECT_THROW(all_reduce({"--local", "2", "--link", "0.5"}), UsageError);
  EXPECT_THROW(all_reduce({"--local", "2", "--link", "inf"}), UsageError);
  EXPECT_THROW(all_reduce({"--local", "2", "--link-latency", "1"}), UsageError);
  try {
    codec({"-t", "257"});
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "--nthreads 257: expected a whole number from 1 to 256");
  }
}

}  // namespace
}  // namespace pith::bench
