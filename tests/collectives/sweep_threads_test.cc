// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <string>
#include <vector>

#include "collectives/sweep_cases.h"

// A sweep that several threads share gives the bits of one.
namespace pith::test {
namespace {

// Parts that do not divide evenly, and blocks that no part's start is a multiple of.
TEST(SweepThreads, GivesTheSameBitsOnSeveralThreads) {
  constexpr std::size_t kLarge = (std::size_t{3} << 17) + 77;
  constexpr std::size_t kCut = (std::size_t{1} << 19) + 77;  // also segments are worth two threads
  for (const std::string compressor : some(kCompressors, 7)) {
    expect_same_on_threads({compressor, "ef14", kLarge});
    expect_same_on_threads({compressor, "econtrol(eta=0.2)", kCut, 2});
  }
  expect_same_on_threads({"onebit", "d_ec", kLarge});
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
TEST(SweepThreads, GivesTheSameBitsOnSeveralThreadsWhereTheGuessFails) {
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
TEST(SweepThreads, GivesTheSameBitsOnSeveralThreadsHoweverMuchAPartKeeps) {
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

// On whichever thread it was.
TEST(SweepThreads, LeavesNothingOfAStepWithANan) {
  const WithThreads three(3);
  for (const std::string compressor : {"onebit", "topk(density=0.01)", "quantize(bits=4)",
                                       "blocktopk(k=5,block=100)", "threshold(value=2)"}) {
    for (const std::string rule : some(kRules, 2)) {
      expect_nothing_left({compressor, rule, (std::size_t{3} << 17) + 77});
    }
  }
}

// More rows than columns and fewer, blocks of summed rows that no part's start is a multiple of.
TEST(LinearSweepThreads, GivesTheSameBitsOnSeveralThreads) {
  for (const Rows& shape : {Rows{1031, 397}, Rows{140'001, 3}, Rows{3, 140'001}}) {
    for (const std::string compressor : some(kLinear, 5)) {
      expect_same_on_threads(linear_case(compressor, "ef14", shape, Commit::step));
    }
    for (const std::string rule : some(kRules, 2)) {
      expect_same_on_threads(linear_case("lowrank(rank=4)", rule, shape, Commit::inplace));
    }
  }
}

TEST(LinearSweepThreads, LeavesNothingOfAStepWithANan) {
  const WithThreads three(3);
  for (const std::string compressor :
       {"lowrank(rank=2)", "randomk(k=7)", "cast(bf16)", "acp(rank=2)", "arctopk(density=0.1)"}) {
    for (const std::string rule : some(kRules, 2)) {
      expect_nothing_left(linear_case(compressor, rule, {1031, 397}, Commit::step));
    }
  }
}

}  // namespace
}  // namespace pith::test
