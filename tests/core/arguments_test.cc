// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith::test {
namespace {

using testing::Eq;
using testing::ThrowsMessage;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Reads one argument of `text` with `read` and expects the message after "text: ".
template <class Read>
void expect_usage_error(const std::string& text, Read read, const std::string& problem) {
  const Spec spec = parse_spec(text);
  EXPECT_THAT(
      [&] {
        Arguments arguments(spec);
        read(arguments);
      },
      ThrowsMessage<UsageError>(Eq(text + ": " + problem)));
}

void read_density(Arguments& arguments) { arguments.number("density", 0.5, 0, 1); }
void read_bits(Arguments& arguments) { arguments.integer("bits", 4, 1, 8); }
void read_type(Arguments& arguments) { arguments.word("type", "fp16", {"fp16", "bf16"}); }

TEST(Arguments, ReadsEveryKind) {
  const Spec spec = parse_spec("x(density=1e-2,bits=3,inner=topk(density=1),type=bf16)");
  Arguments arguments(spec);
  EXPECT_EQ(arguments.number("density", 0.5, 0, 1), 0.01);
  EXPECT_EQ(arguments.integer("bits", 4, 1, 8), 3u);
  EXPECT_EQ(arguments.spec("inner", "none"), parse_spec("topk(density=1)"));
  EXPECT_EQ(arguments.word("type", "fp16", {"fp16", "bf16"}), "bf16");
  EXPECT_NO_THROW(arguments.finish());
}

TEST(Arguments, FallsBackToTheDefaultsAsTheyAre) {
  const Spec spec = parse_spec("x");
  Arguments arguments(spec);
  EXPECT_EQ(arguments.number("density", -5, 0, 1), -5);
  EXPECT_EQ(arguments.integer("bits", 99, 1, 8), 99u);
  EXPECT_EQ(arguments.word("type", "other", {"fp16"}), "other");
  EXPECT_EQ(arguments.spec("inner", "a(b=c)"), parse_spec("a(b=c)"));
  EXPECT_NO_THROW(arguments.finish());
}

TEST(Arguments, NumbersLieAboveLowAndAtMostHigh) {
  const Spec one = parse_spec("topk(density=1)");
  EXPECT_EQ(Arguments(one).number("density", 0.5, 0, 1), 1.0);
  for (const char* bad : {"0", "2", "-1", "1.0000001", "nan", "inf", "-inf", "1e999", "0.1x", "x",
                          "0x1", "1/8", "+1", "f(0.5)", "-0", "1e-999", "0.5(x)"}) {
    expect_usage_error(std::string("topk(density=") + bad + ")", read_density,
                       std::string("density must be above 0 and at most 1, not ") + bad);
  }
}

TEST(Arguments, NumbersAreFiniteWhateverTheirRange) {
  const auto read = [](double low, double high) {
    return [low, high](Arguments& arguments) { arguments.number("k", 0, low, high); };
  };
  expect_usage_error("x(k=inf)", read(-kInfinity, kInfinity), "k must be finite, not inf");
  expect_usage_error("x(k=nan)", read(-kInfinity, kInfinity), "k must be finite, not nan");
  expect_usage_error("x(k=0)", read(0, kInfinity), "k must be above 0 and finite, not 0");
  expect_usage_error("x(k=6)", read(-kInfinity, 5.5), "k must be at most 5.5, not 6");
}

TEST(Arguments, RequiredNumbersMustBeThere) {
  const auto read = [](Arguments& arguments) { arguments.required_number("density", 0, 1); };
  const Spec spec = parse_spec("topk(density=0.25)");
  EXPECT_EQ(Arguments(spec).required_number("density", 0, 1), 0.25);
  expect_usage_error("topk", read, "density is missing; it must be above 0 and at most 1");
  expect_usage_error("topk(density=7)", read, "density must be above 0 and at most 1, not 7");
}

TEST(Arguments, OptionalNumbersLieInTheirRangeWithBothEnds) {
  const auto read = [](Arguments& arguments) { arguments.optional_number("eta", 0, 1); };
  for (const char* good : {"0", "0.5", "1"}) {
    const Spec spec = parse_spec(std::string("x(eta=") + good + ")");
    EXPECT_EQ(Arguments(spec).optional_number("eta", 0, 1), std::stod(good));
  }
  EXPECT_EQ(Arguments(Spec{"x", {}}).optional_number("eta", 0, 1), std::nullopt);
  for (const char* bad : {"-0.1", "1.1", "nan", "inf", "x", "0.5(x)"}) {
    expect_usage_error(std::string("x(eta=") + bad + ")", read,
                       std::string("eta must be from 0 to 1, not ") + bad);
  }
}

TEST(Arguments, IntegersLieInTheirRangeWithBothEnds) {
  for (const char* good : {"1", "8"}) {
    const Spec spec = parse_spec(std::string("x(bits=") + good + ")");
    EXPECT_EQ(Arguments(spec).integer("bits", 4, 1, 8), std::stoull(good));
  }
  for (const char* bad :
       {"0", "9", "-1", "+1", "1.5", "1e0", "8x", "99999999999999999999", "f(1)", "4(x)"}) {
    expect_usage_error(std::string("x(bits=") + bad + ")", read_bits,
                       std::string("bits must be a whole number from 1 to 8, not ") + bad);
  }
}

TEST(Arguments, WordsAreOneOfThoseAllowed) {
  expect_usage_error("cast(type=fp8)", read_type, "type must be one of fp16, bf16, not fp8");
  expect_usage_error("cast(type=fp16(x))", read_type,
                     "type must be one of fp16, bf16, not fp16(x)");
}

TEST(Arguments, TheFirstPositionalOneAnswersToAWord) {
  const Spec spec = parse_spec("cast(seed=1,bf16)");
  Arguments arguments(spec);
  EXPECT_EQ(arguments.word("type", "fp16", {"fp16", "bf16"}), "bf16");
  EXPECT_EQ(arguments.integer("seed", 0, 0, 9), 1u);
  EXPECT_NO_THROW(arguments.finish());
}

TEST(Arguments, PositionalOnesAnswerToWordsInTurn) {
  const Spec spec = parse_spec("x(a,b)");
  Arguments arguments(spec);
  EXPECT_EQ(arguments.word("first", "", {"a", "b"}), "a");
  EXPECT_EQ(arguments.word("second", "", {"a", "b"}), "b");
  EXPECT_EQ(arguments.word("third", "none", {"a", "b"}), "none");
  EXPECT_NO_THROW(arguments.finish());
}

TEST(Arguments, OptionalSpecsMayBePositional) {
  const Spec spec = parse_spec("x(topk(k=1),high=onebit)");
  Arguments arguments(spec);
  EXPECT_EQ(arguments.optional_spec("low"), parse_spec("topk(k=1)"));
  EXPECT_EQ(arguments.optional_spec("high"), parse_spec("onebit"));
  EXPECT_EQ(arguments.optional_spec("other"), std::nullopt);
  EXPECT_NO_THROW(arguments.finish());
}

TEST(Arguments, PositionalOnesDoNotAnswerToNumbers) {
  const auto read = [](Arguments& arguments) {
    EXPECT_EQ(arguments.number("density", 0.5, 0, 1), 0.5);
    arguments.finish();
  };
  expect_usage_error("topk(0.01)", read, "unknown argument \"0.01\". Known: density");
}

TEST(Arguments, FinishNamesTheKeyThatNobodyAskedFor) {
  const auto read = [](Arguments& arguments) {
    arguments.number("density", 0.5, 0, 1);
    arguments.word("values", "fp32", {"fp32", "bf16"});
    arguments.finish();
  };
  expect_usage_error(
      "topk(densty=0.01)", read,
      "unknown argument \"densty\": did you mean \"density\"? Known: density, values");
  expect_usage_error("topk(bf16,fp32)", read, "unknown argument \"fp32\". Known: density, values");
  expect_usage_error(
      "onebit(x=1)", [](Arguments& arguments) { arguments.finish(); },
      "unknown argument \"x\": there is none");
}

TEST(Arguments, RefuseAKeyThatIsGivenTwice) {
  expect_usage_error("topk(density=0.1,values=bf16,density=0.2)", read_density,
                     "density is given twice");
  EXPECT_NO_THROW(Arguments(parse_spec("x(a,a)")));
}

TEST(Nearest, IsTheCandidateWithTheFewestEdits) {
  const std::vector<std::string> names{"threshold", "topk", "randomk", "onebit"};
  EXPECT_EQ(nearest("topk", names), "topk");
  EXPECT_EQ(nearest("topq", names), "topk");   // replaced
  EXPECT_EQ(nearest("toppk", names), "topk");  // inserted
  EXPECT_EQ(nearest("tpk", names), "topk");    // deleted
  EXPECT_EQ(nearest("randmok", names), "randomk");
  EXPECT_EQ(nearest("OneBit", names), "onebit");
}

TEST(Nearest, IsEmptyIfMoreThanAThirdDiffers) {
  EXPECT_EQ(nearest("abcdxx", {"abcdef"}), "abcdef");
  EXPECT_EQ(nearest("abxde", {"abcdef"}), "abcdef");
  EXPECT_EQ(nearest("abcxxx", {"abcdef"}), "");
  EXPECT_EQ(nearest("", {"abcdef"}), "");
  EXPECT_EQ(nearest("abc", {}), "");
}

TEST(Nearest, TakesTheFirstOfSeveral) { EXPECT_EQ(nearest("ef15", {"ef14", "ef16"}), "ef14"); }

TEST(UnknownName, SuggestsAndLists) {
  EXPECT_EQ(unknown_name("compressor", "topq", {"onebit", "topk"}),
            "unknown compressor \"topq\": did you mean \"topk\"? Known: onebit, topk");
  EXPECT_EQ(unknown_name("rule", "zzz", {"ef14"}), "unknown rule \"zzz\". Known: ef14");
}

}  // namespace
}  // namespace pith::test
