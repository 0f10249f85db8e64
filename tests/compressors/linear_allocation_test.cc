// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/compressors/registry.h>

#include "compressors/linear_ranks.h"
#include "support/allocation_counter.h"

namespace pith::test {
namespace {

// A step of one rank; the average of its factors is what they are.
std::size_t allocations_of_a_step(LinearCompressor<float>& compressor, std::uint64_t step,
                                  std::span<const float> x, Vectors<float>& factors,
                                  std::span<float> y, Scratch& scratch) {
  const std::size_t before = allocations();
  scratch.clear();
  for (int round = 0; round < compressor.rounds(); ++round) {
    auto& out = factors[static_cast<std::size_t>(round)];
    out.resize(compressor.factor_elements(round));
    compressor.factor(round, x, {.step = step}, out, scratch);
  }
  compressor.own().axpy(-1, 0, y);
  compressor.reconstruction().axpy(1, 0, y);
  compressor.accept();
  return allocations() - before;
}

TEST(LinearCompressor, AllocatesNothingOnceItsScratchHasGrown) {
  const Shape shape{257, 130};
  const auto x = gaussian<float>(shape.elements(), 1);
  std::vector<float> y(x.size());
  for (const char* spec : {"randomk(density=0.2)", "lowrank(rank=4)", "lowrank(rank=4,warm=false)",
                           "acp(rank=4)", "arctopk(density=0.2)", "cast(fp16)"}) {
    const auto compressor = make_linear<float>(parse_pipeline(spec), shape);
    Scratch scratch;
    Vectors<float> factors(2);
    const auto step = [&](std::uint64_t number) {
      return allocations_of_a_step(*compressor, number, x, factors, y, scratch);
    };
    EXPECT_GT(step(0), 0u) << "the counter counts";
    step(1);
    for (std::uint64_t number = 2; number < 5; ++number) EXPECT_EQ(step(number), 0u) << spec;
  }
}

TEST(LinearCompressor, AllocatesNothingForEachOfManySmallMatrices) {
  const Shape shapes[]{{64, 64}, {512, 8}, {8, 512}, {17, 3}};
  std::vector<std::unique_ptr<LinearCompressor<float>>> compressors;
  for (std::size_t i = 0; i < 100; ++i) {
    compressors.push_back(make_linear<float>(parse_pipeline("lowrank(rank=4)"), shapes[i % 4]));
  }
  const auto x = gaussian<float>(4096, 1);
  std::vector<float> y(4096), factors(2 * 4 * 512);
  Scratch scratch;
  const auto step = [&](std::uint64_t number) {
    const std::size_t before = allocations();
    scratch.clear();
    for (std::size_t i = 0; i < compressors.size(); ++i) {
      LinearCompressor<float>& compressor = *compressors[i];
      const std::size_t elements = shapes[i % 4].elements();
      for (int round = 0; round < 2; ++round) {
        const auto out = std::span(factors).subspan(round == 0 ? 0 : 2048);
        compressor.factor(round, std::span(x).first(elements), {.step = number},
                          out.first(compressor.factor_elements(round)), scratch);
      }
      compressor.own().axpy(-1, 0, std::span(y).first(elements));
      compressor.reconstruction().axpy(1, 0, std::span(y).first(elements));
      compressor.accept();
    }
    return allocations() - before;
  };
  step(0);
  step(1);
  for (std::uint64_t number = 2; number < 5; ++number) EXPECT_EQ(step(number), 0u);
}

}  // namespace
}  // namespace pith::test
