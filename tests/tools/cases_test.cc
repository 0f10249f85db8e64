// SPDX-License-Identifier: Apache-2.0
#include "bench/cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pith::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CrossedCases crossed(std::vector<std::string> compressors, std::vector<std::string> exchanges) {
  CollectiveOptions options;
  options.compressors = std::move(compressors);
  options.feedbacks = {"ef14"};
  options.exchanges = std::move(exchanges);
  return cross(options);
}

TEST(Cross, GivesEveryCompressorItsNaturalExchange) {
  const auto cases =
      crossed({"none", "cast(fp16)", "onebit", "topk(k=1)", "lowrank(rank=1)"}, {"natural"});
  EXPECT_THAT(cases.legal, ElementsAre(CollectiveCase{"none", "ef14", "raw"},
                                       CollectiveCase{"cast(fp16)", "ef14", "raw"},
                                       CollectiveCase{"onebit", "ef14", "sharded"},
                                       CollectiveCase{"topk(k=1)", "ef14", "gather"},
                                       CollectiveCase{"lowrank(rank=1)", "ef14", "linear"}));
  EXPECT_TRUE(cases.left_out.empty());
}

TEST(Cross, LeavesOutWhatIsIllegalAndSaysWhy) {
  const auto cases = crossed({"onebit", "randomk(k=1)"}, {"gather"});
  EXPECT_THAT(cases.legal, ElementsAre(CollectiveCase{"onebit", "ef14", "gather"}));
  EXPECT_THAT(cases.left_out, ElementsAre(HasSubstr("randomk(k=1) over the gather exchange")));
}

TEST(Cross, HasNoCaseTwice) {
  const auto cases = crossed({"onebit", "onebit"}, {"natural", "sharded"});
  EXPECT_THAT(cases.legal, ElementsAre(CollectiveCase{"onebit", "ef14", "sharded"}));
}

}  // namespace
}  // namespace pith::bench
