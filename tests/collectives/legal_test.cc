// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <tuple>

#include <gtest/gtest.h>

#include <pith/collectives/legal.h>
#include <pith/core/error.h>
#include <pith/feedback/registry.h>

namespace pith::test {
namespace {

TEST(LegalCombinations, HaveEveryRegisteredRuleOnEveryCarrier) {
  std::set<std::tuple<CompressorKind, Exchange>> carriers;
  for (const Combination& row : legal_combinations()) carriers.insert({row.kind, row.exchange});
  EXPECT_EQ(carriers.size(), 6u);
  for (const auto& [kind, exchange] : carriers) {
    for (const FeedbackEntry& rule : feedback_rules()) {
      EXPECT_NE(find_combination(kind, exchange, rule.name), nullptr) << rule.name;
    }
  }
  EXPECT_EQ(legal_combinations().size(), carriers.size() * feedback_rules().size());
}

TEST(LegalCombinations, LeaveOutWhatCannotBeCarried) {
  EXPECT_EQ(find_combination(CompressorKind::message, Exchange::linear, "ef14"), nullptr);
  EXPECT_EQ(find_combination(CompressorKind::message, Exchange::raw, "ef14"), nullptr);
  EXPECT_EQ(find_combination(CompressorKind::linear, Exchange::gather, "ef14"), nullptr);
  EXPECT_EQ(find_combination(CompressorKind::linear, Exchange::sharded, "ef14"), nullptr);
  EXPECT_EQ(find_combination(CompressorKind::none, Exchange::gather, "ef14"), nullptr);
  EXPECT_EQ(find_combination(CompressorKind::none, Exchange::raw, "ef15"), nullptr);
}

TEST(Exchange, IsFoundByItsName) {
  for (const Exchange exchange :
       {Exchange::raw, Exchange::gather, Exchange::sharded, Exchange::sparse, Exchange::linear}) {
    EXPECT_EQ(exchange_named(name_of(exchange)), exchange);
  }
  EXPECT_THROW(exchange_named("shared"), UsageError);
}

}  // namespace
}  // namespace pith::test
