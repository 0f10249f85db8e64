// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "collectives/sweep_cases.h"

// A sweep that composes, encodes and commits block by block gives the bits of the plain way, which
// rounds that measure take.
namespace pith::test {
namespace {

TEST(Sweep, GivesThePlainBitsForEveryRuleAndCompressor) {
  for (const std::string compressor : kCompressors) {
    for (const std::string rule : kRules) {
      for (const std::size_t n : {1u, 333u, 9001u}) {
        expect_same({compressor, rule, n});
        expect_same({compressor, rule, n, 3, Commit::inplace});
      }
    }
  }
}

TEST(Sweep, GivesThePlainBitsOfTwoMessages) {
  for (const std::string compressor : kCompressors) {
    expect_same({compressor, "d_ec", 9001});
    expect_same({compressor, "d_ec", 333, 3, Commit::inplace});
  }
  expect_same({"topk(density=0.01)", "d_ec", (std::size_t{1} << 18) + 77});
}

// Large enough for states that are written past the caches.
TEST(Sweep, GivesThePlainBitsOfLargeTensors) {
  constexpr std::size_t kLarge = (std::size_t{1} << 18) + 77;
  for (const std::string compressor : {"topk(density=0.01)", "onebit", "quantize(bits=4)"}) {
    for (const std::string rule : kRules) {
      expect_same({compressor, rule, kLarge});
      expect_same({compressor, rule, kLarge, 3, Commit::inplace});
    }
  }
}

// Large enough for numbers that are.
TEST(Sweep, GivesThePlainBitsOfNumbersWrittenPastTheCaches) {
  constexpr std::size_t kLarge = (std::size_t{1} << 19) + 77;
  for (const std::string compressor : {"cast(bf16)", "cast(fp16)", "cast(fp32)"}) {
    expect_same({compressor, "ef14", kLarge});
    expect_same({compressor, "ef21", 2 * kLarge, 2, Commit::inplace});
  }
}

}  // namespace
}  // namespace pith::test
