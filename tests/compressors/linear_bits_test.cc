// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include <pith/compressors/registry.h>

#include "compressors/linear_ranks.h"
#include "support/every_simd_target.h"

namespace pith::test {
namespace {

/// All that three steps of two ranks give: factors, reconstruction, own part and states.
template <Element T>
Vectors<T> three_steps(const std::string& spec, const Shape& shape) {
  LinearRanks<T> ranks([&] { return make_linear<T>(parse_pipeline(spec), shape); }, 2);
  Vectors<T> all;
  for (std::uint64_t step = 0; step < 3; ++step) {
    ranks.step(gaussians<T>(2, shape.elements(), step), {.step = step});
    all.insert(all.end(), ranks.sent().begin(), ranks.sent().end());
    all.push_back(ranks.reconstruction());
    all.push_back(ranks.own(1));
    ranks.accept();
  }
  for (const auto& state : ranks[0].states()) {
    all.emplace_back(state.values.begin(), state.values.end());
  }
  return all;
}

void expect_same_bits(const std::string& spec) {
  for (const Shape& shape : {Shape{64, 64}, Shape{512, 8}, Shape{8, 512}, Shape{301, 133}}) {
    const auto floats = three_steps<float>(spec, shape);
    const auto doubles = three_steps<double>(spec, shape);
    on_every_simd_target([&] {
      EXPECT_EQ(three_steps<float>(spec, shape), floats) << spec << " " << shape.text();
      EXPECT_EQ(three_steps<double>(spec, shape), doubles) << spec << " " << shape.text();
    });
  }
}

TEST(LinearCompressor, GivesTheSameBitsOnEveryInstructionSet) {
  for (const std::string rank : {"1", "3", "4", "8"}) {
    expect_same_bits("lowrank(rank=" + rank + ")");
    expect_same_bits("acp(rank=" + rank + ")");
    expect_same_bits("arctopk(density=0.1,block=57,sketch=" + rank + ")");
  }
}

}  // namespace
}  // namespace pith::test
