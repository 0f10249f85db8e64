// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/feedback/registry.h>

#include "support/allocation_counter.h"

namespace pith::test {
namespace {

constexpr std::size_t kElements = 100'000;

// Vectors of n elements that a rule asks memory for, from its making to the end of a second step.
template <Element T>
double vectors(std::string_view name, Commit commit) {
  const std::vector<T> gradient(kElements, T(1));
  std::vector<T> scratch(kElements);
  const std::size_t before = allocated_bytes();
  const auto rule = make_feedback<T>(parse_spec(name), kElements, commit);
  for (int t = 0; t < 2; ++t) {
    for (int m = 0; m < rule->messages(); ++m) {
      const auto x = rule->compose_all(m, gradient, {}, scratch);
      rule->commit_all(x.size(), ExactlySent<T>(x));
    }
    rule->accept();
    for (int m = 0; m < rule->messages(); ++m) rule->absorb(m, gradient, scratch);
  }
  return static_cast<double>(allocated_bytes() - before) / (kElements * sizeof(T));
}

struct Counts {
  std::string_view rule;
  int inplace, step;
};

constexpr Counts kCounts[] = {{"none", 0, 0},      {"ef14", 1, 2},       {"ef21", 2, 3},
                              {"ef21_sgdm", 3, 5}, {"ef21_sgd2m", 4, 7}, {"ef21_hb", 3, 4},
                              {"clip21", 2, 3},    {"econtrol", 3, 5},   {"d_ec", 3, 5},
                              {"dgc", 2, 4},       {"ef_bv", 2, 3}};

TEST(Memory, RulesAskForAsManyVectorsAsTheyPromise) {
  for (const auto& [rule, inplace, step] : kCounts) {
    EXPECT_NEAR(vectors<float>(rule, Commit::inplace), inplace, 0.01) << rule;
    EXPECT_NEAR(vectors<float>(rule, Commit::step), step, 0.01) << rule;
    EXPECT_NEAR(vectors<double>(rule, Commit::step), step, 0.01) << rule;
  }
}

TEST(Memory, NarrowStatesTakeAHalfAndAQuarterOfFloats) {
  EXPECT_NEAR(vectors<float>("ef14(state=bf16)", Commit::inplace), 0.5, 0.01);
  EXPECT_NEAR(vectors<float>("ef14(state=bf16)", Commit::step), 1, 0.01);
  constexpr double kEightBits = (1 + 2.0 / 128) / sizeof(float);  // each has a share of a scale
  EXPECT_NEAR(vectors<float>("ef14(state=8bit)", Commit::inplace), kEightBits, 0.01);
  EXPECT_NEAR(vectors<float>("ef14(state=8bit)", Commit::step), 2 * kEightBits, 0.01);
}

TEST(Memory, TheRegistryStatesTheSame) {
  ASSERT_EQ(std::size(kCounts), feedback_rules().size());
  for (const auto& [rule, inplace, step] : kCounts) {
    EXPECT_EQ(feedback_rule(rule).vectors_inplace, inplace) << rule;
    EXPECT_EQ(feedback_rule(rule).vectors_step, step) << rule;
  }
}

}  // namespace
}  // namespace pith::test
