// SPDX-License-Identifier: Apache-2.0
#include "reducer/sharded_calls.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/reducer/sharded_calls.h>

#include "core/variable.h"
#include "support/allocation_counter.h"
#include "support/exchange/sharded_contract.h"

namespace pith::test {
namespace {

std::size_t first_of_shard(const Communicator& communicator, std::size_t n) {
  return block_start(n, static_cast<std::size_t>(communicator.size()),
                     static_cast<std::size_t>(communicator.rank()));
}

// Small whole numbers and their differences are exact.
Floats whole_numbers(std::size_t n, std::uint64_t step, int rank) {
  Floats x = gradient<float>(n, step, rank);
  for (float& value : x) value = std::round(8 * value);
  return x;
}

// Of what all ranks composed, the mean has what they sent and their residuals have the rest.
TEST(ReduceScatterMean, SendsAndKeepsTogetherWhatItComposed) {
  constexpr std::size_t kElements = 333;
  run_local(4, [](Communicator& communicator) {
    Floats residual(kElements);
    Floats mine(shard_size(communicator, kElements));
    for (std::uint64_t t = 0; t < 5; ++t) {
      const Floats x = whole_numbers(kElements, t, communicator.rank());
      Floats open(kElements);  // composed and not kept: what this rank sent
      std::ranges::transform(x, residual, open.begin(), std::plus<>{});
      ASSERT_TRUE(reduced(communicator, x, mine, "topk(density=0.1)"));
      residual = state(reduce_scatter_states<float>(communicator, "w"), "w/residual");
      std::ranges::transform(open, residual, open.begin(), std::minus<>{});
      communicator.all_reduce(std::span(open));
      const auto first = first_of_shard(communicator, kElements);
      for (std::size_t i = 0; i < mine.size(); ++i) ASSERT_EQ(4 * mine[i], open[first + i]);
      EXPECT_GT(std::ranges::count(residual, 0.0f), 0);
    }
  });
}

TEST(AllGather, SendsAndKeepsTogetherWhatItComposed) {
  constexpr std::size_t kElements = 333;
  run_local(3, [](Communicator& communicator) {
    const std::size_t shard = shard_size(communicator, kElements);
    Floats composed(shard);
    Floats all(kElements);
    for (std::uint64_t t = 0; t < 5; ++t) {
      const Floats mine = gradient<float>(shard, t, communicator.rank());
      const Floats before =
          t == 0 ? Floats(shard) : state(all_gather_states<float>(communicator, "w"), "w/residual");
      ASSERT_TRUE(gathered(communicator, mine, all, "quantize(bits=4,bucket=64)", "ef14"));
      const Floats residual = state(all_gather_states<float>(communicator, "w"), "w/residual");
      const auto* const sent = all.data() + first_of_shard(communicator, kElements);
      for (std::size_t i = 0; i < shard; ++i) {
        ASSERT_EQ(residual[i], mine[i] + before[i] - sent[i]) << "element " << i << ", step " << t;
      }
    }
  });
}

// Top-1 of every shard: after as many calls as the largest shard has elements, all are exact.
TEST(AllGather, FollowsByDifferencesUntilAllIsExact) {
  constexpr std::size_t kElements = 10;
  run_local(3, [](Communicator& communicator) {
    const Floats mine =
        gradient<float>(shard_size(communicator, kElements), 0, communicator.rank());
    Floats all(kElements);
    for (int t = 0; t < 4; ++t) ASSERT_TRUE(gathered(communicator, mine, all, "topk(k=1)"));
    const auto first = first_of_shard(communicator, kElements);
    EXPECT_EQ(Floats(all.begin() + static_cast<std::ptrdiff_t>(first),
                     all.begin() + static_cast<std::ptrdiff_t>(first + mine.size())),
              mine);
    EXPECT_EQ(state(all_gather_states<float>(communicator, "w"), "w/mean"), all);
    EXPECT_EQ(state(all_gather_states<float>(communicator, "w"), "w/own"), mine);
  });
}

TEST(AllGather, TakesItsPlaceInTheWholeAsItsShard) {
  run_local(2, [](Communicator& communicator) {
    Floats all(7, -1.0f);
    const auto mine =
        std::span(all).subspan(first_of_shard(communicator, 7), shard_size(communicator, 7));
    std::ranges::fill(mine, static_cast<float>(communicator.rank()));
    ASSERT_TRUE(
        all_gather(communicator, "w", std::span<const float>(mine), std::span(all), "identity"));
    EXPECT_EQ(all, (Floats{0, 0, 0, 1, 1, 1, 1}));
  });
}

TEST(ShardedCalls, FollowTheScheduleOfTheirCompressor) {
  run_local(2, [](Communicator& communicator) {
    Floats mine{static_cast<float>(communicator.rank()), 3};
    Floats all(4);
    ASSERT_TRUE(gathered(communicator, mine, all, "none@1,topk(k=1)"));
    EXPECT_EQ(all, (Floats{0, 3, 1, 3}));
    mine = {9, 8};
    ASSERT_TRUE(gathered(communicator, mine, all, "none@1,topk(k=1)"));
    EXPECT_EQ(all, (Floats{9, 3, 9, 3}));
  });
}

// Elements count in the whole tensor; what only one rank holds of it is its owner's.
TEST(ShardedCalls, ShowWhichElementsTheirStatesAreOf) {
  run_local(2, [](Communicator& communicator) {
    const auto first = first_of_shard(communicator, 5);
    Floats mine(shard_size(communicator, 5));
    Floats all(5);
    EXPECT_TRUE(all_gather_states<float>(communicator, "w").empty());
    reduced(communicator, all, mine, "onebit", "ef21");
    gathered(communicator, mine, all, "onebit", "ef21");
    const auto expect = [](const StateView<float>& view, const char* name, Scope scope,
                           std::size_t begin, std::size_t size) {
      EXPECT_EQ(view.name, name);
      EXPECT_EQ(view.scope, scope);
      EXPECT_EQ(view.first, begin);
      EXPECT_EQ(view.values.size(), size);
    };
    const auto reduces = reduce_scatter_states<float>(communicator, "w");
    const auto gathers = all_gather_states<float>(communicator, "w");
    expect(reduces.at(0), "w/own", Scope::per_rank, 0, 5);
    expect(reduces.at(1), "w/mean", Scope::owner, first, mine.size());
    expect(gathers.at(0), "w/own", Scope::owner, first, mine.size());
    expect(gathers.at(1), "w/mean", Scope::replicated, 0, 5);
  });
}

std::size_t elements_of(const std::vector<StateView<float>>& states) {
  std::size_t elements = 0;
  for (const auto& view : states) {
    if (view.per_element) elements += view.values.size();
  }
  return elements;
}

// The table of docs/exchanges.md, by rule: shards of 2 of 8 elements.
TEST(ShardedCalls, KeepAsManyElementsAsTheirDocumentationSays) {
  struct Row {
    const char* rule;
    std::size_t reduces;
    std::size_t gathers;
  };
  for (const Row& row :
       {Row{"none", 0, 0}, Row{"ef14", 8, 2}, Row{"ef21", 8 + 2, 2 + 8},
        Row{"econtrol", 16 + 2, 4 + 8}, Row{"ef21_sgdm", 16 + 2, 0}, Row{"ef21_sgd2m", 24 + 2, 0},
        Row{"ef21_hb", 8 + 4, 0}, Row{"clip21", 8 + 2, 0}, Row{"d_ec", 16 + 2, 4 + 8},
        Row{"dgc", 16, 0}, Row{"ef_bv", 8 + 2, 2 + 8}}) {
    run_local(4, [&](Communicator& communicator) {
      Floats whole(8);
      Floats shard(2);
      reduced(communicator, whole, shard, "onebit", row.rule);
      EXPECT_EQ(elements_of(reduce_scatter_states<float>(communicator, "w")), row.reduces);
      if (row.gathers > 0) gathered(communicator, shard, whole, "onebit", row.rule);
      EXPECT_EQ(elements_of(all_gather_states<float>(communicator, "w")), row.gathers) << row.rule;
    });
  }
}

// No owner sends anything on under a rule of its own, as it would in a reducer.
TEST(ShardedCalls, BearNoiseThatContractsNothingUnderEfBv) {
  run_local(2, [](Communicator& communicator) {
    Floats whole(64, 1);
    Floats shard(32, 1);
    for (const char* const compressor : {"quantize(bits=2,range=qsgd)", "permk(ranks=2)"}) {
      const std::string name = compressor;
      EXPECT_TRUE(reduce_scatter_mean(communicator, name, std::span<const float>(whole),
                                      std::span(shard), compressor, "ef_bv"));
      EXPECT_THROW(
          reduce_scatter_mean(communicator, name + " under ef14", std::span<const float>(whole),
                              std::span(shard), compressor, "ef14"),
          UsageError);
    }
  });
}

TEST(ReduceScatterMean, SkipsACallWhoseMeanIsInfiniteOnOneRank) {
  for (const char* const compressor : {"none", "identity"}) {
    run_local(2, [&](Communicator& communicator) {
      const Floats x{1, std::numeric_limits<float>::max()};
      Floats mine{5};
      EXPECT_FALSE(reduced(communicator, x, mine, compressor));
      EXPECT_EQ(mine, Floats{5});
    });
  }
}

// The same gradient is worth more of them when the rate falls.
TEST(ReduceScatterMean, RescalesTheResidualWithTheLearningRate) {
  run_local(1, [](Communicator& communicator) {
    const auto call = [&](const Floats& x, double rate) {
      Floats mine(2);
      reduce_scatter_mean(communicator, "w", std::span<const float>(x), std::span(mine),
                          "topk(k=1)", "ef14", rate);
      return mine;
    };
    EXPECT_EQ(call({4, 1}, 1.0), (Floats{4, 0}));
    EXPECT_EQ(call({1, 0}, 0.25), (Floats{0, 4}));
  });
}

// What the environment says of gradients is not for parameters.
TEST(ShardedCalls, ObeyTheEnvironmentWhereItMeansThem) {
  const Variable compressor("PITH_COMPRESSOR", "topk(k=1)");
  const Variable feedback("PITH_FEEDBACK", "none");
  run_local(1, [](Communicator& communicator) {
    Floats out(3);
    ASSERT_TRUE(reduced(communicator, {3, 1, 2}, out, "none"));
    EXPECT_EQ(out, (Floats{3, 0, 0}));
    ASSERT_TRUE(gathered(communicator, {3, 1, 2}, out, "none"));
    EXPECT_EQ(out, (Floats{3, 1, 2}));
  });
}

std::size_t allocations_so_far(Communicator& communicator) {
  communicator.barrier();
  const std::size_t count = allocations();
  communicator.barrier();
  return count;
}

TEST(ShardedCalls, AllocateNothingOnceTheirBuffersAreThere) {
  for (const char* const compressor : {"none", "topk(density=0.05)", "quantize(bits=4)"}) {
    run_local(3, [&](Communicator& communicator) {
      const Floats x = gradient<float>(4099, 0, communicator.rank());
      Floats mine(shard_size(communicator, x.size()));
      Floats all(x.size());
      const std::string name = "a name that is too long for a short string";
      const auto call = [&] {
        reduce_scatter_mean(communicator, name, std::span<const float>(x), std::span(mine),
                            compressor);
        all_gather(communicator, name, std::span<const float>(mine), std::span(all), compressor);
      };
      for (int t = 0; t < 4; ++t) call();
      const std::size_t before = allocations_so_far(communicator);
      for (int t = 0; t < 4; ++t) call();
      EXPECT_EQ(allocations_so_far(communicator) - before, 0u) << compressor;
    });
  }
}

// Rank r wants the parameters at a target of its own, the mean of which is best. Returns how far
// from it a sharded trainer ends.
double distance_from_best(const char* compressor, const char* feedback, int steps) {
  constexpr std::size_t kElements = 40;
  double distance = 0;
  run_local(4, [&](Communicator& communicator) {
    const Floats target = gradient<float>(kElements, 0, communicator.rank());
    Floats best = target;
    communicator.all_reduce(std::span(best));
    Floats parameters(kElements);
    Floats gradient(kElements);
    Floats mine(shard_size(communicator, kElements));
    Floats step(mine.size());
    for (int t = 0; t < steps; ++t) {
      for (std::size_t i = 0; i < kElements; ++i) gradient[i] = parameters[i] - target[i];
      reduced(communicator, gradient, step, compressor, feedback);
      for (std::size_t i = 0; i < mine.size(); ++i) mine[i] -= 0.02f * step[i];
      gathered(communicator, mine, parameters, compressor);
    }
    if (communicator.rank() != 0) return;
    for (std::size_t i = 0; i < kElements; ++i) {
      distance = std::max(distance, std::abs(static_cast<double>(parameters[i] - best[i] / 4)));
    }
  });
  return distance;
}

TEST(ShardedCalls, TakeATrainerWhereUncompressedOnesDo) {
  constexpr int kSteps = 1000;
  EXPECT_LT(distance_from_best("none", "none", kSteps), 1e-5);
  for (const char* const compressor : {"topk(k=2)", "quantize(bits=2,bucket=64)"}) {
    EXPECT_LT(distance_from_best(compressor, "ef21", kSteps), 1e-3) << compressor;
    EXPECT_LT(distance_from_best(compressor, "ef14", kSteps), 0.2) << compressor;
  }
  // Elements that are never among the largest never arrive.
  EXPECT_GT(distance_from_best("topk(k=2)", "none", kSteps), 0.3);
}

}  // namespace
}  // namespace pith::test
