// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/core/error.h>
#include <pith/reducer/choice.h>

// Which ways exchange=auto and compressor=auto(...) leave open.
namespace pith::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts(const std::string& compressor, const std::string& exchange,
                               const std::string& feedback = "ef14") {
  const Treatment treatment = parse_treatment(compressor, feedback, exchange);
  std::vector<std::string> all;
  for (const Choice& choice : choices(treatment.compressor.front().pipeline, treatment)) {
    all.push_back(choice.text());
  }
  return all;
}

std::string refusal(const std::string& compressor, const std::string& exchange) {
  try {
    texts(compressor, exchange);
    return "none";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(Choices, AreWhatTheTreatmentAllows) {
  EXPECT_THAT(texts("onebit", "natural"), ElementsAre("onebit over sharded"));
  EXPECT_THAT(texts("onebit", "gather"), ElementsAre("onebit over gather"));
  EXPECT_THAT(texts("onebit", "auto"),
              ElementsAre("none over raw", "onebit over gather", "onebit over sharded"));
  EXPECT_THAT(texts("topk(k=1)", "auto"),
              ElementsAre("none over raw", "topk(k=1) over gather", "topk(k=1) over sharded",
                          "topk(k=1) over sparse"));
  EXPECT_THAT(texts("auto(onebit,lowrank(rank=1))", "natural"),
              ElementsAre("none over raw", "onebit over sharded", "lowrank(rank=1) over linear"));
  EXPECT_THAT(texts("auto(cast(bf16),none)", "auto"),
              ElementsAre("none over raw", "cast(bf16) over raw", "cast(bf16) over gather",
                          "cast(bf16) over sharded"));
  EXPECT_THAT(texts("none", "auto"), ElementsAre("none over raw"));
}

TEST(Choices, AreRefusedIfWhatIsListedIsWrong) {
  EXPECT_THAT(refusal("auto", "natural"), HasSubstr("expected compressors"));
  EXPECT_THAT(refusal("auto(k=onebit)", "natural"), HasSubstr("auto takes compressors, not k="));
  EXPECT_THAT(refusal("auto(topq)", "auto"), HasSubstr("did you mean \"topk\""));
  EXPECT_THAT(refusal("auto(onebit,topk(density=2))", "natural"), HasSubstr("density"));
  EXPECT_THAT(refusal("auto(onebit,lowrank(rank=1))", "gather"), HasSubstr("lowrank"));
}

}  // namespace
}  // namespace pith::test
