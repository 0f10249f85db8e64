// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/core/error.h>
#include <pith/feedback/registry.h>

namespace pith::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

auto making(std::string_view spec) {
  return [spec] { make_feedback<float>(parse_spec(spec), 8, Commit::step); };
}

TEST(FeedbackRegistry, AnUnknownRuleIsAnsweredByTheNearestKnownOne) {
  EXPECT_THAT(making("ef41"),
              ThrowsMessage<UsageError>(AllOf(HasSubstr("ef41"), HasSubstr("ef21"))));
  EXPECT_THAT(making("ef21-sgdm"), ThrowsMessage<UsageError>(HasSubstr("\"ef21_sgdm\"")));
  EXPECT_THAT(making("econtroll"), ThrowsMessage<UsageError>(HasSubstr("\"econtrol\"")));
  EXPECT_THAT([] { feedback_rule("ef15"); }, ThrowsMessage<UsageError>(HasSubstr("\"ef14\"")));
}

TEST(FeedbackRegistry, AnUnknownArgumentIsAnError) {
  EXPECT_THAT(making("ef14(rescael=true)"), ThrowsMessage<UsageError>(HasSubstr("rescale")));
  EXPECT_THAT(making("ef21(eta=0.1)"), ThrowsMessage<UsageError>(HasSubstr("eta")));
  EXPECT_THAT(making("none(eta=0.1)"), ThrowsMessage<UsageError>(HasSubstr("eta")));
}

TEST(FeedbackRegistry, AValueOutOfRangeIsNamed) {
  EXPECT_THAT(making("econtrol(eta=1.5)"), ThrowsMessage<UsageError>(HasSubstr("1.5")));
  EXPECT_THAT(making("econtrol(eta=-0.5)"), ThrowsMessage<UsageError>(HasSubstr("-0.5")));
  EXPECT_THAT(making("ef21_sgdm(eta=0)"), ThrowsMessage<UsageError>(HasSubstr("eta")));
  EXPECT_THAT(making("ef21_sgdm(eta=2)"), ThrowsMessage<UsageError>(HasSubstr("2")));
  EXPECT_THAT(making("ef21_sgd2m(eta=-1)"), ThrowsMessage<UsageError>(HasSubstr("-1")));
  EXPECT_THAT(making("ef21_hb(momentum=1)"), ThrowsMessage<UsageError>(HasSubstr("momentum")));
  EXPECT_THAT(making("dgc(momentum=-0.1)"), ThrowsMessage<UsageError>(HasSubstr("-0.1")));
  EXPECT_THAT(making("dgc(masking=maybe)"), ThrowsMessage<UsageError>(HasSubstr("maybe")));
  EXPECT_THAT(making("clip21(norm=0)"), ThrowsMessage<UsageError>(HasSubstr("norm")));
  EXPECT_THAT(making("clip21(norm=inf)"), ThrowsMessage<UsageError>(HasSubstr("inf")));
  EXPECT_THAT(making("ef_bv(lambda=0)"), ThrowsMessage<UsageError>(HasSubstr("lambda")));
  EXPECT_THAT(making("ef_bv(lambda=1.5)"), ThrowsMessage<UsageError>(HasSubstr("1.5")));
  EXPECT_THAT(making("ef_bv(nu=-0.5)"), ThrowsMessage<UsageError>(HasSubstr("-0.5")));
  EXPECT_THAT(making("ef_bv(nu=nan)"), ThrowsMessage<UsageError>(HasSubstr("nu")));
  EXPECT_THAT(making("ef14(state=4bit)"), ThrowsMessage<UsageError>(HasSubstr("8bit")));
  EXPECT_THAT(making("ef14(state=8bit,average=1)"),
              ThrowsMessage<UsageError>(HasSubstr("average")));
  EXPECT_THAT(making("ef14(state=8bit,reset=-1)"), ThrowsMessage<UsageError>(HasSubstr("reset")));
  EXPECT_THAT(making("ef14(average=0.8)"), ThrowsMessage<UsageError>(HasSubstr("average")));
  EXPECT_THAT(making("ef14(rescale=maybe)"), ThrowsMessage<UsageError>(HasSubstr("maybe")));
}

TEST(FeedbackRegistry, TheEndsOfTheRangesAreLegal) {
  for (const char* spec : {"econtrol(eta=0)", "econtrol(eta=1)", "ef21_sgdm(eta=1)",
                           "ef21_hb(momentum=0)", "ef_bv(lambda=1,nu=1)"}) {
    EXPECT_NO_THROW(making(spec)()) << spec;
  }
}

TEST(FeedbackRegistry, EveryOwnersRuleCanBeMade) {
  for (const FeedbackEntry& entry : feedback_rules()) {
    EXPECT_NO_THROW(making(entry.owner)()) << entry.name;
    EXPECT_FALSE(entry.source.empty()) << entry.name;
  }
}

TEST(FeedbackRegistry, EveryRuleSaysWhatVarianceItBears) {
  constexpr double kAny = std::numeric_limits<double>::infinity();
  EXPECT_EQ(most_variance(parse_spec("none")), kAny);
  EXPECT_EQ(most_variance(parse_spec("ef_bv")), kAny);
  EXPECT_EQ(most_variance(parse_spec("ef_bv(lambda=0.25,nu=0.5)")), 7);
  EXPECT_EQ(most_variance(parse_spec("ef_bv(lambda=1)")), 1);
  for (const char* rule : {"ef14", "ef21", "econtrol(eta=0.1)", "dgc"}) {
    EXPECT_EQ(most_variance(parse_spec(rule)), 1) << rule;
    EXPECT_EQ(most_variance(parse_spec(rule), 0.5), 0.75) << rule;  // 1 - bias^2
    EXPECT_EQ(most_variance(parse_spec(rule), 1), 0) << rule;
  }
  EXPECT_EQ(most_variance(parse_spec("none"), 1), kAny);
  EXPECT_EQ(most_variance(parse_spec("ef_bv"), 0.5), kAny);
  EXPECT_EQ(most_variance(parse_spec("ef_bv"), 1), 0);
  EXPECT_EQ(most_variance(parse_spec("ef_bv(lambda=0.25)"), 0.5), 0.5 * 7.5);
}

}  // namespace
}  // namespace pith::test
