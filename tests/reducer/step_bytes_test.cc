// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/reducer/reducer.h>

#include "support/exchange/legal_cases.h"
#include "support/exchange/trajectory.h"

// "Steps and bytes" of docs/exchanges.md, where it speaks of several units, buckets and steps. What
// one tensor costs in one step is in expected_bytes.h.
namespace pith::test {
namespace {

constexpr std::size_t kElements = 600;
constexpr int kMostRanks = 4;

/// What each rank sends in each of the first steps, of tensors with the same gradients.
std::vector<std::vector<std::uint64_t>> sent(int ranks, const ReducerOptions& options,
                                             std::size_t tensors, std::size_t steps = 1) {
  std::vector<std::vector<std::uint64_t>> bytes(static_cast<std::size_t>(ranks));
  run_local(ranks, [&](Communicator& communicator) {
    Reducer reducer(communicator, options);
    const auto name = [](std::size_t t) { return "w" + std::to_string(t); };
    for (std::size_t t = 0; t < tensors; ++t) reducer.add(name(t), {20, kElements / 20});
    std::vector gradients(tensors, gradient<float>(kElements, 0, communicator.rank()));
    std::uint64_t before = 0;
    for (std::size_t s = 0; s < steps; ++s) {
      for (std::size_t t = 0; t < tensors; ++t) reducer.push(name(t), std::span(gradients[t]));
      EXPECT_TRUE(reducer.wait().committed);
      const std::uint64_t all = reducer.statistics().wire_bytes;
      bytes[static_cast<std::size_t>(communicator.rank())].push_back(all - before);
      before = all;
    }
  });
  return bytes;
}

// Calls body(ranks, others) for every number of ranks.
template <class Body>
void with_ranks(const Body& body) {
  for (int ranks = 1; ranks <= kMostRanks; ++ranks) {
    body(ranks, static_cast<std::uint64_t>(ranks - 1));
  }
}

struct Phases {
  LegalCase legal;
  std::uint64_t number;  // in which a rank sends messages, with a record of 16 bytes each
};

// 64 + pad16(8 u) bytes of head for u units, instead of u times 64 + 16, and one record.
TEST(StepBytes, OfABucketAreThoseOfItsUnitsWithOneHead) {
  const Phases cases[] = {{{"quantize(bits=4,bucket=60)", "gather", "none"}, 1},
                          {{"quantize(bits=4,bucket=60)", "sharded", "none"}, 2},
                          {{"topk(k=8,index=raw32)", "sparse", "none"}, 3}};
  constexpr std::uint64_t kSaved = 3 * (64 + 16) - (64 + 32) + 2 * 16;
  constexpr std::uint64_t kAgreement = 16;
  for (const auto& [legal, phases] : cases) {
    with_ranks([&, &legal = legal, phases = phases](int ranks, std::uint64_t others) {
      const auto one = sent(ranks, options_for(legal), 1);
      const auto three = sent(ranks, options_for(legal), 3);
      for (std::size_t r = 0; r < one.size(); ++r) {
        const std::uint64_t exchanged = one[r].front() - others * kAgreement;
        EXPECT_EQ(three[r].front(), 3 * exchanged + others * (kAgreement - phases * kSaved))
            << legal << ", rank " << r << " of " << ranks;
      }
    });
  }
}

// Rank 0 tells the order of the tensors, 4 bytes each, once and only where it matters.
TEST(StepBytes, OfTheFirstStepHoldTheOrderIfThereAreSeveralBuckets) {
  ReducerOptions options = options_for({"onebit", "gather", "ef14"});
  for (const std::size_t buckets : {1u, 5u}) {
    options.bucket_bytes = buckets == 1 ? 1u << 20 : 4 * kElements;
    with_ranks([&](int ranks, std::uint64_t others) {
      const auto bytes = sent(ranks, options, 5, 3);
      for (std::size_t r = 0; r < bytes.size(); ++r) {
        const std::uint64_t order = r == 0 && buckets > 1 ? others * 4 * 5 : 0;
        EXPECT_EQ(bytes[r][0] - bytes[r][1], order) << buckets << " buckets, rank " << r;
        EXPECT_EQ(bytes[r][1], bytes[r][2]);
      }
    });
  }
}

TEST(StepBytes, HoldASignatureEverySoManyStepsWhereThereIsNoHead) {
  for (const LegalCase& legal :
       {LegalCase{"none", "raw", "none"}, LegalCase{"cast(bf16)", "raw", "none"},
        LegalCase{"randomk(density=0.1)", "linear", "none"}}) {
    ReducerOptions options = options_for(legal);
    options.check_every = 3;
    with_ranks([&](int ranks, std::uint64_t others) {
      for (const auto& steps : sent(ranks, options, 1, 7)) {
        for (std::size_t s = 0; s < steps.size(); ++s) {
          EXPECT_EQ(steps[s], steps[1] + (s % 3 == 0 ? others * 8 : 0)) << legal << ", step " << s;
        }
      }
    });
  }
}

TEST(StepBytes, HoldWhatOptionsAskFor) {
  const ReducerOptions plain = options_for({"onebit", "gather", "ef14"});
  ReducerOptions inplace = plain;
  inplace.commit = Commit::inplace;  // a second agreement
  ReducerOptions participants = plain;
  participants.divisor = Divisor::participants;  // who takes part
  with_ranks([&](int ranks, std::uint64_t others) {
    const std::uint64_t bytes = sent(ranks, plain, 1).front().front();
    EXPECT_EQ(sent(ranks, inplace, 1).front().front(), bytes + others * 16);
    EXPECT_EQ(sent(ranks, participants, 1).front().front(), bytes + others);
  });
}

// Behind the first step, of 2 units with 3 candidates: 3 + 2 * 3 sums of each in double, the size
// of an error's text, and 24 bytes and a number for each unit from rank 0. The choice is the
// standard.
TEST(StepBytes, HoldWhatAPolicyIsToldAndChooses) {
  const std::string standard = "quantize(bits=4,bucket=60)";
  const ReducerOptions plain = options_for({standard, "natural", "ef14"});
  const ReducerOptions adaptive =
      options_for({"adaptive(" + standard + ",onebit,none,every=100,steps=1,policy=uniform)",
                   "natural", "ef14"});
  with_ranks([&](int ranks, std::uint64_t others) {
    const auto without = sent(ranks, plain, 2, 2);
    const auto with = sent(ranks, adaptive, 2, 2);
    for (std::size_t rank = 0; rank < with.size(); ++rank) {
      const auto p = static_cast<std::uint64_t>(ranks);
      const std::uint64_t sums = (2 * others * 2 * (3 + 2 * 3) * 8 + p - 1) / p;
      const std::uint64_t chosen = rank == 0 ? others * (24 + 2) : 0;
      EXPECT_EQ(with[rank][0], without[rank][0] + sums + others * 8 + chosen) << rank;
      EXPECT_EQ(with[rank][1], without[rank][1]) << rank;
    }
  });
}

}  // namespace
}  // namespace pith::test
