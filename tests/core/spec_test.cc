// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/core/error.h>
#include <pith/core/random.h>
#include <pith/core/spec.h>

namespace pith::test {
namespace {

using testing::Eq;
using testing::ThrowsMessage;

const Spec kTopK{"topk", {{"density", {"0.01", {}}}, {"values", {"bf16", {}}}}};

template <class Parse>
void expect_usage_error(Parse parse, const std::string& text, const std::string& message) {
  EXPECT_THAT([&] { parse(text); }, ThrowsMessage<UsageError>(Eq(message))) << text;
}

TEST(ParseSpec, ReadsANameAlone) { EXPECT_EQ(parse_spec("none"), (Spec{"none", {}})); }

TEST(ParseSpec, ReadsArgumentsInTheirOrder) {
  EXPECT_EQ(parse_spec("topk(density=0.01,values=bf16)"), kTopK);
}

TEST(ParseSpec, ReadsPositionalArguments) {
  EXPECT_EQ(parse_spec("cast(fp16)"), (Spec{"cast", {{"", {"fp16", {}}}}}));
}

TEST(ParseSpec, ReadsSpecsInsideSpecs) {
  const Spec inner{"b", {{"c", {"d", {{"", {"e", {}}}}}}}};
  EXPECT_EQ(parse_spec("a(b(c=d(e)),f)"), (Spec{"a", {{"", inner}, {"", {"f", {}}}}}));
}

TEST(ParseSpec, AllowsBlanksBetweenAllTokens) {
  EXPECT_EQ(parse_spec("\t topk ( density = 0.01\n, values = bf16 ) \r\n"), kTopK);
}

TEST(ParseSpec, TakesEveryLetterThatNumbersAndWordsNeed) {
  for (const char* name : {"1e-3", "-1.5E+7", "ef21_sgdm", "a/b", "conv.*", "09azAZ"}) {
    EXPECT_EQ(parse_spec(name).name, name);
    EXPECT_EQ(parse_spec(std::string("x(k=") + name + ")").arguments.at(0).value.name, name);
  }
}

TEST(ParseSpec, QuotesTheTextThePositionAndWhatWasExpected) {
  const auto expect = [](const std::string& text, const std::string& problem) {
    expect_usage_error(parse_spec, text, "parse_spec: " + problem + " of \"" + text + "\"");
  };
  expect("", "expected a name at position 1, the end,");
  expect("  ", "expected a name at position 3, the end,");
  expect("(a)", "expected a name at position 1");
  expect("topk(", "expected an argument at position 6, the end,");
  expect("topk()", "expected an argument at position 6");
  expect("topk(a=1,)", "expected an argument at position 10");
  expect("topk(=1)", "expected an argument at position 6");
  expect("topk(a=)", "expected a value at position 8");
  expect("topk(a=1", "expected ',' or ')' at position 9, the end,");
  expect("topk(a=1  b)", "expected ',' or ')' at position 11");
  expect("topk(a|b)", "expected ',' or ')' at position 7");
  expect("topk(a@5)", "expected ',' or ')' at position 7");
  expect("topk(a=b=c)", "expected ',' or ')' at position 9");
  expect("topk(a))", "expected the end at position 8");
  expect("topk|cast", "expected the end at position 5");
  expect("two words", "expected the end at position 5");
  expect("\xff", "expected a name at position 1");
}

TEST(ParseSpec, RefusesEndlessNesting) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "a(";
    return text + "a" + std::string(depth, ')');
  };
  EXPECT_EQ(parse_spec(nested(32)).text(), nested(32));
  EXPECT_THROW(parse_spec(nested(33)), UsageError);
  EXPECT_THROW(parse_spec(nested(1'000'000)), UsageError);
}

TEST(SpecText, IsCanonical) {
  EXPECT_EQ(parse_spec(" topk ( density = 0.01 , values = bf16 ) ").text(),
            "topk(density=0.01,values=bf16)");
  EXPECT_EQ(parse_spec("a( b , c = d( e ) )").text(), "a(b,c=d(e))");
  EXPECT_EQ((Spec{"none", {}}).text(), "none");
}

TEST(ParsePipeline, SplitsStagesAtBars) {
  const Pipeline stages = parse_pipeline("topk(density=0.01,values=bf16) | quantize(bits=4)|none");
  ASSERT_EQ(stages.size(), 3u);
  EXPECT_EQ(stages[0], kTopK);
  EXPECT_EQ(stages[1], (Spec{"quantize", {{"bits", {"4", {}}}}}));
  EXPECT_EQ(stages[2], (Spec{"none", {}}));
  EXPECT_EQ(text_of(stages), "topk(density=0.01,values=bf16)|quantize(bits=4)|none");
  EXPECT_EQ(text_of(Pipeline{}), "");
}

TEST(ParsePipeline, QuotesTheTextThePositionAndWhatWasExpected) {
  const auto expect = [](const std::string& text, const std::string& problem) {
    expect_usage_error(parse_pipeline, text, "parse_pipeline: " + problem + " of \"" + text + "\"");
  };
  expect("a|", "expected a name at position 3, the end,");
  expect("|a", "expected a name at position 1");
  expect("a||b", "expected a name at position 3");
  expect("a@5,b", "expected '|' or the end at position 2");
}

TEST(ParseSchedule, BeginsAtStepZero) {
  EXPECT_EQ(parse_schedule("none"), (Schedule{{0, {{"none", {}}}}}));
}

TEST(ParseSchedule, TakesStepsAsDurations) {
  const Schedule schedule = parse_schedule("a@58, b|c @ 100 ,d(e=f,g)");
  ASSERT_EQ(schedule.size(), 3u);
  EXPECT_EQ(schedule[0], (ScheduledPipeline{0, parse_pipeline("a")}));
  EXPECT_EQ(schedule[1], (ScheduledPipeline{58, parse_pipeline("b|c")}));
  EXPECT_EQ(schedule[2], (ScheduledPipeline{158, parse_pipeline("d(e=f,g)")}));
}

TEST(ParseSchedule, QuotesTheTextThePositionAndWhatWasExpected) {
  const auto expect = [](const std::string& text, const std::string& problem) {
    expect_usage_error(parse_schedule, text, "parse_schedule: " + problem + " of \"" + text + "\"");
  };
  expect("a@", "expected a number of steps above 0 at position 3, the end,");
  expect("a@0,b", "expected a number of steps above 0 at position 3");
  expect("a@-1,b", "expected a number of steps above 0 at position 3");
  expect("a@99999999999999999999,b", "expected a number of steps above 0 at position 3");
  expect("a@5", "expected ',' and what follows these steps at position 4, the end,");
  expect("a@5.5,b", "expected ',' and what follows these steps at position 4");
  expect("a@5,", "expected a name at position 5, the end,");
  expect("a@5,b@6", "expected ',' and what follows these steps at position 8, the end,");
  expect("a,b", "expected '|', '@steps' or the end at position 2");
}

TEST(ParseSchedule, RefusesStepsBeyond64Bits) {
  EXPECT_EQ(parse_schedule("a@18446744073709551614,b@1,c").back().from, 18446744073709551615u);
  expect_usage_error(parse_schedule, "a@18446744073709551615,b@1,c",
                     "parse_schedule: the steps add up to 2^64 or more in "
                     "\"a@18446744073709551615,b@1,c\"");
}

TEST(EntryAt, ChangesExactlyAtTheStep) {
  const Schedule schedule = parse_schedule("a@58,b@100,c");
  EXPECT_EQ(entry_at(schedule, 0), 0u);
  EXPECT_EQ(entry_at(schedule, 57), 0u);
  EXPECT_EQ(entry_at(schedule, 58), 1u);
  EXPECT_EQ(entry_at(schedule, 157), 1u);
  EXPECT_EQ(entry_at(schedule, 158), 2u);
  EXPECT_EQ(entry_at(schedule, ~std::uint64_t{0}), 2u);
}

/// `text` with up to three of its letters replaced, and possibly its end cut off.
std::string damaged(std::string text, const Random& random, std::uint64_t index) {
  constexpr std::string_view kLetters = "ab1=,()|@ .\xff";
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto position = random.below(text.size(), 8 * index + 2 * i);
    text[position] = kLetters[random.below(kLetters.size(), 8 * index + 2 * i + 1)];
  }
  return text.substr(0, text.size() - random.below(3, 8 * index + 6));
}

TEST(ParseSchedule, EitherReadsDamagedTextOrThrowsUsageError) {
  const Random random(RandomKey{.seed = 1});
  int read = 0;
  int refused = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const std::string text = damaged("a(b=c(d),1e-3)|e@58,f(g)@7,h", random, i);
    try {
      for (const auto& [from, pipeline] : parse_schedule(text)) {
        EXPECT_EQ(parse_pipeline(text_of(pipeline)), pipeline) << text;
      }
      ++read;
    } catch (const UsageError&) {
      ++refused;
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace pith::test
