// SPDX-License-Identifier: Apache-2.0
#include "collectives/sweep.h"

#include <limits>
#include <span>
#include <string>
#include <vector>

// A sweep that composes, encodes and commits block by block gives the bits of the plain way, which
// rounds that measure take.
namespace pith::test {
namespace {

constexpr const char* kCompressors[] = {"topk(density=0.01)",
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

/// All, or under sanitizers, which take ten times as long, one of each kind.
std::span<const char* const> some_compressors() {
  return std::span(kCompressors).first(PITH_MANY_ELEMENTS > 10000 ? std::size(kCompressors) : 7);
}

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
    expect_same_on_threads({compressor, "ef14", kLarge});
  }
}

// Parts that do not divide evenly, and blocks that no part's start is a multiple of.
TEST(Sweep, GivesTheSameBitsOnSeveralThreads) {
  constexpr std::size_t kLarge = (std::size_t{3} << 17) + 77;
  constexpr std::size_t kCut = (std::size_t{1} << 19) + 77;  // also segments are worth two threads
  for (const std::string compressor : some_compressors()) {
    expect_same_on_threads({compressor, "ef14", kLarge});
    expect_same_on_threads({compressor, "econtrol(eta=0.2)", kCut, 2});
  }
  for (const std::string rule : kRules) {
    expect_same_on_threads({"onebit", rule, kLarge});
    expect_same_on_threads({"topk(density=0.01)", rule, kLarge, 1, Commit::inplace});
  }
}

std::vector<std::byte> message_of(const Case& one, const std::vector<float>& x, std::size_t number,
                                  Communicator& alone) {
  const WithThreads several(number);
  return Sender(one, false, alone).step(x);
}

// No guess can be made of few elements; one that is too high finds too few, and one that is too low
// too many.
TEST(Sweep, GivesTheSameBitsOnSeveralThreadsWhereTheGuessFails) {
  constexpr std::size_t kLarge = std::size_t{3} << 17;
  auto rising = gradient(kLarge, 0);
  for (std::size_t i = 0; i < kLarge; ++i) rising[i] = static_cast<float>(i * i);
  auto lines = gradient(kLarge, 0);  // the sample sees whole lines of 16
  for (std::size_t i = 0; i < kLarge; ++i) lines[i] *= i / 16 % 97 == 0 ? 1e3f : 1e-3f;
  const std::vector<float> alike(kLarge, 1.0f);
  run_local(1, [&](Communicator& alone) {
    for (const std::string compressor :
         {"topk(k=100)", "topk(density=0.0103)", "topk(density=0.02)", "topk(density=0.3)"}) {
      for (const std::string rule : {"ef14", "ef21"}) {
        for (const auto& x : {rising, lines, alike}) {
          const Case one{compressor, rule, kLarge};
          EXPECT_EQ(message_of(one, x, 1, alone), message_of(one, x, 3, alone)) << compressor;
        }
      }
    }
  });
}

// Parts that keep all they have or nothing, and one that has all, as its block is the largest.
TEST(Sweep, GivesTheSameBitsOnSeveralThreadsHoweverMuchAPartKeeps) {
  constexpr std::size_t kLarge = (std::size_t{3} << 17) + 77;
  auto rising = gradient(kLarge, 0);
  for (std::size_t i = 0; i < kLarge; ++i) rising[i] = static_cast<float>(i);
  run_local(1, [&](Communicator& alone) {
    for (const std::string compressor :
         {"threshold(value=1)", "threshold(value=300000)", "threshold(value=1e9)",
          "blocktopk(k=3,block=150000)", "blocktopk(k=3,block=1000000)"}) {
      const Case one{compressor, "ef14", kLarge};
      EXPECT_EQ(message_of(one, rising, 1, alone), message_of(one, rising, 3, alone)) << compressor;
    }
  });
}

// What the failed step wrote beside its place must not come back, on whichever thread it was.
TEST(Sweep, LeavesNothingOfAStepWithANan) {
  constexpr std::size_t kLarge = (std::size_t{3} << 17) + 77;
  const WithThreads three(3);
  run_local(1, [&](Communicator& alone) {
    for (const std::string compressor : {"onebit", "topk(density=0.01)", "quantize(bits=4)",
                                         "blocktopk(k=5,block=100)", "threshold(value=2)"}) {
      for (const std::string rule : kRules) {
        for (const std::size_t bad : {kLarge / 6, kLarge / 2, kLarge - 1}) {
          Sender sender({compressor, rule, kLarge}, false, alone);
          Sender clean({compressor, rule, kLarge}, false, alone);
          EXPECT_EQ(sender.step(gradient(kLarge, 0)), clean.step(gradient(kLarge, 0)));
          auto x = gradient(kLarge, 1);
          x[bad] = std::numeric_limits<float>::quiet_NaN();
          EXPECT_EQ(sender.fail(x), "gradient: element " + std::to_string(bad) + " is nan");
          const WithThreads one(1);  // others do not write over what they left
          EXPECT_EQ(sender.step(gradient(kLarge, 2)), clean.step(gradient(kLarge, 2)))
              << compressor << ", " << rule << ", element " << bad;
        }
      }
    }
  });
}

}  // namespace
}  // namespace pith::test
