// SPDX-License-Identifier: Apache-2.0
#include "fashion_mnist/options.h"

#include <cstdlib>
#include <vector>

#include <gmock/gmock.h>

#include <pith/core/error.h>

namespace fashion_mnist {
namespace {

using ::testing::HasSubstr;

Options parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "fashion_mnist");
  return parse_options(static_cast<int>(arguments.size()), arguments.data(), "Trains");
}

std::string error(const std::vector<const char*>& arguments) {
  try {
    parse(arguments);
  } catch (const pith::UsageError& problem) {
    return problem.what();
  }
  return "";
}

TEST(Options, AreThoseOfPlainTrainingByDefault) {
  const Options options = parse({});
  EXPECT_EQ(options.reducer.compressor, "none");
  EXPECT_EQ(options.epochs, 8u);
  EXPECT_EQ(options.batch, 256u);
  EXPECT_EQ(options.local_ranks, 0);
  EXPECT_TRUE(options.help.empty());
}

TEST(Options, ReachTheReducer) {
  const Options options =
      parse({"--compressor", "topk(density=0.01)@58,onebit", "--unit", "model", "--clip", "3",
             "--momentum", "0.5", "--seed", "4", "--commit", "inplace"});
  EXPECT_EQ(options.reducer.compressor, "topk(density=0.01)@58,onebit");
  EXPECT_EQ(options.reducer.unit, pith::CompressedUnit::model);
  EXPECT_EQ(options.reducer.commit, pith::Commit::inplace);
  EXPECT_EQ(options.reducer.clip, 3);
  EXPECT_EQ(options.reducer.optimizer_momentum, 0.5);
  EXPECT_EQ(options.reducer.seed, 4u);
}

TEST(Options, ShowTheEnvironmentsCompressorSinceItIsTheOneUsed) {
  setenv("PITH_COMPRESSOR", "onebit", 1);
  const Options options = parse({"--compressor", "none"});
  unsetenv("PITH_COMPRESSOR");
  EXPECT_EQ(options.reducer.compressor, "onebit");
}

TEST(Options, NameTheOptionAndTheValueThatIsWrong) {
  EXPECT_THAT(error({"--epochs", "0"}), HasSubstr("--epochs 0: expected a whole number from 1"));
  EXPECT_THAT(error({"--epochs", "-3"}), HasSubstr("--epochs -3"));
  EXPECT_THAT(error({"--epochs", "x"}), HasSubstr("'x'"));
  EXPECT_THAT(error({"--lr", "nan"}), HasSubstr("--lr nan"));
  EXPECT_THAT(error({"--lr", "0"}), HasSubstr("--lr 0: expected a number above 0"));
  EXPECT_THAT(error({"--momentum", "1"}), HasSubstr("--momentum 1: expected a number in [0, 1)"));
  EXPECT_THAT(error({"--clip", "-1"}), HasSubstr("--clip -1"));
  EXPECT_THAT(error({"--unit", "layer"}), HasSubstr("--unit layer: expected bucket or model"));
  EXPECT_THAT(error({"--split", "even"}), HasSubstr("--split even: expected random or sorted"));
  EXPECT_THAT(error({"--local", "-1"}), HasSubstr("--local -1"));
  EXPECT_THAT(error({"--speed", "9"}), HasSubstr("--speed"));
  EXPECT_THAT(error({"9"}), HasSubstr("--help"));
}

TEST(Options, KeepTheHelpForTheFirstRankToPrint) {
  EXPECT_THAT(parse({"--help"}).help, HasSubstr("--compressor"));
}

}  // namespace
}  // namespace fashion_mnist
