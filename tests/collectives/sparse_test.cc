// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/reducer/reducer.h>

#include "support/exchange/legal_cases.h"
#include "support/exchange/trajectory.h"
#include "support/with_threads.h"

// What is special about the sparse exchange; that it equals its reference is tested with the
// others.
namespace pith::test {
namespace {

using Floats = std::vector<float>;
using testing::HasSubstr;

// One step of one tensor "w" on each of p ranks.
class Steps {
 public:
  Steps(Communicator& communicator, const std::string& compressor, std::size_t n,
        const std::string& feedback = "ef14", const std::string& exchange = "sparse")
      : reducer(communicator, options_for({compressor, exchange, feedback})) {
    set_log_level(LogLevel::none);
    reducer.add("w", {n});
  }

  Floats step(Floats x) {
    reducer.push("w", std::span(x));
    reducer.wait();
    return x;
  }

  Floats residual() {
    for (const auto& state : reducer.states<float>()) {
      if (state.name == "w/residual") return {state.values.begin(), state.values.end()};
    }
    return {};
  }

  Reducer reducer;
};

// Entries at 10, 20, 60, 70 and at 20, 30, 60, 70: the regions meet at element 60. Each owner keeps
// two: of the sums 5, 8, 4 the first two, of 10 and 1 both. 4 goes back to rank 1.
TEST(Sparse, GivesBackWhatNoOwnerKeeps) {
  run_local(2, [](Communicator& communicator) {
    Steps steps(communicator, "topk(k=4)", 160);
    Floats x(160);
    if (communicator.rank() == 0) {
      x[10] = 5, x[20] = 5, x[60] = 5, x[70] = 3;
    } else {
      x[20] = 3, x[30] = 4, x[60] = 5, x[70] = -2;
    }
    Floats expected(160);
    expected[10] = 2.5f, expected[20] = 4, expected[60] = 5, expected[70] = 0.5f;
    EXPECT_EQ(steps.step(x), expected);
    Floats residual(160);
    if (communicator.rank() == 1) residual[30] = 4;
    EXPECT_EQ(steps.residual(), residual);
  });
}

// What cancels out reaches nobody, and stays where it was.
TEST(Sparse, KeepsWhatCancelsOut) {
  run_local(2, [](Communicator& communicator) {
    Steps steps(communicator, "topk(k=1)", 100);
    Floats x(100);
    x[50] = communicator.rank() == 0 ? 3.0f : -3.0f;
    EXPECT_EQ(steps.step(x), Floats(100));
    EXPECT_EQ(steps.residual(), x);
  });
}

// Regions [0, 32) and [32, 64), one entry each.
TEST(Sparse, HasTiesGoToTheLowestIndex) {
  run_local(2, [](Communicator& communicator) {
    Steps steps(communicator, "topk(k=2)", 64);
    const auto rank = static_cast<std::size_t>(communicator.rank());
    Floats x(64);
    x[30 + rank] = 1, x[32 + rank] = -1;
    Floats expected(64);
    expected[30] = 0.5f, expected[32] = -0.5f;
    EXPECT_EQ(steps.step(x), expected);
  });
}

// A float counts to 2^24 in steps of one: 16,777,217 would be its neighbour.
TEST(Sparse, KeepsIndicesAbove2To24Exact) {
  constexpr std::size_t kElements = (std::size_t{1} << 24) + 40;
  run_local(2, [](Communicator& communicator) {
    Steps steps(communicator, "topk(k=3,index=raw32)", kElements, "none");
    Floats x(kElements);
    for (const std::size_t i : {16'777'217u, 16'777'219u, 16'777'253u}) x[i] = 2;
    const Floats mean = steps.step(x);
    EXPECT_EQ(std::ranges::count(mean, 0.0f), static_cast<std::ptrdiff_t>(kElements) - 3);
    for (const std::size_t i : {16'777'217u, 16'777'219u, 16'777'253u}) EXPECT_EQ(mean[i], 2) << i;
  });
}

// Sum over ranks of gradient + residual = p mean + new residuals, up to the rounding of one sum.
void expect_conservation(const std::string& compressor, int ranks, std::size_t n) {
  const auto p = static_cast<std::size_t>(ranks);
  std::vector<std::vector<double>> before(p), after(p);
  std::vector<double> mean(n);
  for (std::uint64_t steps_before : {0u, 3u}) {
    run_local(ranks, [&](Communicator& communicator) {
      const auto rank = static_cast<std::size_t>(communicator.rank());
      Steps steps(communicator, compressor, n);
      for (std::uint64_t t = 0; t < steps_before; ++t) {
        steps.step(gradient<float>(n, t, communicator.rank()));
      }
      const Floats x = gradient<float>(n, 9, communicator.rank());
      const Floats kept = steps.residual();
      before[rank].assign(n, 0);
      for (std::size_t i = 0; i < n; ++i) before[rank][i] = double{x[i]} + kept[i];
      const Floats estimate = steps.step(x);
      const Floats left = steps.residual();
      after[rank].assign(left.begin(), left.end());
      if (rank == 0) mean.assign(estimate.begin(), estimate.end());
    });
    for (std::size_t i = 0; i < n; ++i) {
      double in = 0;
      double out = static_cast<double>(ranks) * mean[i];
      for (std::size_t r = 0; r < p; ++r) {
        in += before[r][i];
        out += after[r][i];
      }
      ASSERT_NEAR(in, out, 1e-5) << compressor << ", " << ranks << " ranks, element " << i;
    }
  }
}

TEST(Sparse, ConservesWhatWasPushed) {
  for (const char* const compressor :
       {"topk(density=0.05)", "topk(density=0.3,values=4bit)", "blocktopk(k=3,block=64)",
        "threshold(value=1.2)", "topk(density=0.05)|quantize(bits=4)"}) {
    for (const int ranks : {1, 2, 3, 4, 7, 8}) expect_conservation(compressor, ranks, 1000);
  }
}

// As many regions as there can be are full: gather's mean, to the bit, and nothing is left behind.
TEST(Sparse, SendsFilledRegionsDenseAndKeepsEverything) {
  for (const char* const compressor : {"topk(density=0.6,index=raw32)", "topk(density=1)"}) {
    run_local(3, [&](Communicator& communicator) {
      Steps sparse(communicator, compressor, 600);
      Steps gather(communicator, compressor, 600, "ef14", "gather");
      for (std::uint64_t t = 0; t < 3; ++t) {
        const Floats x = gradient<float>(600, t, communicator.rank());
        EXPECT_EQ(sparse.step(x), gather.step(x)) << compressor;
        EXPECT_EQ(sparse.residual(), gather.residual()) << compressor;
      }
    });
  }
}

TEST(Sparse, GoesOnWithoutAnAbsentRank) {
  run_local(3, [](Communicator& communicator) {
    Steps steps(communicator, "topk(k=6)", 600);
    const Floats first = gradient<float>(600, 0, communicator.rank());
    steps.step(first);
    const Floats residual = steps.residual();
    Floats x = gradient<float>(600, 1, communicator.rank());
    if (communicator.rank() == 1) {
      steps.reducer.skip("w", std::span(x));
    } else {
      steps.reducer.push("w", std::span(x));
    }
    EXPECT_TRUE(steps.reducer.wait().committed);
    EXPECT_TRUE(same_on_all_ranks(communicator, std::span<const float>(x)));
    EXPECT_EQ(std::ranges::count(x, 0.0f), 600 - 6);
    EXPECT_EQ(steps.residual() == residual, communicator.rank() == 1);
  });
}

TEST(Sparse, GivesUpAStepThatOneRankCannotFinish) {
  run_local(3, [](Communicator& communicator) {
    Steps steps(communicator, "topk(k=6)", 60);
    steps.step(gradient<float>(60, 0, communicator.rank()));
    const Floats residual = steps.residual();
    Floats x = gradient<float>(60, 1, communicator.rank());
    if (communicator.rank() == 2) {
      steps.reducer.fail("no more data");
    } else {
      steps.reducer.push("w", std::span(x));
    }
    EXPECT_THAT([&] { steps.reducer.wait(); },
                testing::ThrowsMessage<UsageError>(HasSubstr("rank 2: ")));
    EXPECT_EQ(steps.residual(), residual);
    steps.step(gradient<float>(60, 1, communicator.rank()));
    EXPECT_NE(steps.residual(), residual);
  });
}

// Each unit has regions of its own, also in a message with others: empty ones, and fewer elements
// than ranks. The second step sends what the first has kept.
TEST(Sparse, TreatsTheUnitsOfABucketApart) {
  constexpr std::size_t kSizes[] = {200, 0, 2, 500};
  run_local(4, [&](Communicator& communicator) {
    const LegalCase legal{"topk(density=0.05)", "sparse", "ef14"};
    Reducer together(communicator, options_for(legal));
    std::vector<std::unique_ptr<Steps>> apart;
    for (const std::size_t n : kSizes) {
      together.add(std::to_string(n), {n});
      apart.push_back(std::make_unique<Steps>(communicator, legal.compressor, n));
    }
    for (std::uint64_t t = 0; t < 2; ++t) {
      std::vector<Floats> gradients;
      std::vector<Floats> expected;
      for (const std::size_t n : kSizes) {
        gradients.push_back(gradient<float>(n, t, communicator.rank()));
        expected.push_back(apart[expected.size()]->step(gradients.back()));
      }
      for (std::size_t i = 0; i < std::size(kSizes); ++i) {
        together.push(std::to_string(kSizes[i]), std::span(gradients[i]));
      }
      together.wait();
      EXPECT_EQ(gradients, expected);
    }
  });
}

// Large enough for several threads to compose it; the last block is not full.
TEST(Sparse, GivesTheSameBitsOnSeveralThreads) {
  constexpr std::size_t kElements = (std::size_t{3} << 17) + 77;
  std::vector<Floats> results[2];
  for (const bool several : {false, true}) {
    const WithThreads number(several ? 3 : 1);
    run_local(2, [&](Communicator& communicator) {
      Steps steps(communicator, "topk(density=0.01)", kElements);
      for (std::uint64_t t = 0; t < 2; ++t) {
        const Floats mean = steps.step(gradient<float>(kElements, t, communicator.rank()));
        if (communicator.rank() == 0) results[several].push_back(mean);
      }
      if (communicator.rank() == 0) results[several].push_back(steps.residual());
    });
  }
  EXPECT_EQ(results[0], results[1]);
}

// Finite gradients whose sum is not.
TEST(Sparse, NamesAnOverflowOfTheMean) {
  run_local(2, [](Communicator& communicator) {
    Steps steps(communicator, "topk(k=1)", 10);
    Floats x(10);
    x[7] = 3e38f;
    steps.reducer.push("w", std::span(x));
    const StepResult result = steps.reducer.wait();
    EXPECT_FALSE(result.committed);
    EXPECT_THAT(result.reason, HasSubstr("w: element 7 of the mean over the ranks is inf"));
    EXPECT_EQ(steps.residual(), Floats(10));
  });
}

TEST(Sparse, IsRefusedForWhatDoesNotSendEntries) {
  for (const char* const compressor : {"onebit", "lowrank(rank=1)", "cast(bf16)"}) {
    run_local(1, [&](Communicator& communicator) {
      const auto start = [&] { Steps(communicator, compressor, 10).step(Floats(10)); };
      EXPECT_THAT(start, testing::ThrowsMessage<UsageError>(
                             HasSubstr("over the sparse exchange: it is not a sparse compressor")));
    });
  }
}

}  // namespace
}  // namespace pith::test
