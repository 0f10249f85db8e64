// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "collectives/sweep.h"

// What sweeps are tested with.
namespace pith::test {

inline constexpr const char* kCompressors[] = {"topk(density=0.01)",
                                               "onebit",
                                               "quantize(bits=4)",
                                               "natural",
                                               "cast(bf16)",
                                               "blocktopk(k=5,block=100)",
                                               "threshold(value=2)",
                                               "topk(density=0.1,values=4bit)",
                                               "onebit(block=333,scale=l2)",
                                               "quantize(bits=3,bucket=7)",
                                               "quantize(bits=4,rounding=stochastic)"};

inline constexpr const char* kLinear[] = {"lowrank(rank=4)",
                                          "randomk(density=0.1)",
                                          "cast(bf16)",
                                          "acp(rank=4)",
                                          "arctopk(density=0.1,block=9,sketch=2)",
                                          "lowrank(rank=3,warm=false)",
                                          "lowrank(rank=2)|cast(fp16)",
                                          "arctopk(density=0.1)|cast(bf16)",
                                          "randomk(k=7)|cast(bf16)"};

/// All of a list, or under sanitizers, which take ten times as long, its first `few`.
inline std::span<const char* const> some(std::span<const char* const> all, std::size_t few) {
  return PITH_MANY_ELEMENTS > 10000 ? all : all.first(few);
}

struct Rows {
  std::size_t rows;
  std::size_t columns;
};

inline Case linear_case(const std::string& compressor, const std::string& rule, const Rows& shape,
                        Commit commit) {
  return {compressor, rule, shape.rows * shape.columns, 1, commit, shape.columns};
}

/// Calls check(case) for every compressor, rule and way to commit.
template <class Check>
void for_each_case(const Rows& shape, const Check& check) {
  for (const std::string compressor : kLinear) {
    for (const std::string rule : kRules) {
      for (const Commit commit : {Commit::step, Commit::inplace}) {
        check(linear_case(compressor, rule, shape, commit));
      }
    }
  }
}

}  // namespace pith::test
