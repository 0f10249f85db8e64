// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/random.h>

#include "golden/descent.h"

// Fatkhullin et al. 2021: EF21 both ways, with a server that compresses as well, and with ranks
// that are absent half of the time. Counts of steps were measured by another program.
namespace pith::test {
namespace {

constexpr double kTolerance = 1e-10;

struct Golden {
  double rate, steps;
};

// Of 16 dimensions on four ranks the first four are rank 0's: it is the server, and sends one of
// its elements on, as every rank sends one of all.
TEST(T14, BidirectionalEf21TakesTheGoldenNumbersOfSteps) {
  constexpr Golden kGolden[] = {{0.035265, 255}, {0.02, 477}, {0.01, 982}, {0.005, 2009}};
  std::vector<Method> methods;
  for (const auto& golden : kGolden) {
    methods.push_back({"ef21", golden.rate, "topk(k=1)", "sharded"});
  }
  const Problem problem = heterogeneous_within(16);
  const auto x = descend(problem, methods, 2120, Start::dense);
  for (std::size_t m = 0; m < methods.size(); ++m) {
    EXPECT_NEAR(steps_to(kTolerance, problem, x[m]) / kGolden[m].steps, 1, 0.05)
        << "rate " << kGolden[m].rate;
  }
}

// About as many steps as in one direction.
TEST(T14, TheSecondCompressionCostsFewSteps) {
  const Problem problem = heterogeneous_within(16);
  const std::vector<Method> methods{{"ef21", 0.035265, "topk(k=1)", "sharded"},
                                    {"ef21", 0.035265, "topk(k=1)", "gather"}};
  const auto x = descend(problem, methods, 300, Start::dense);
  EXPECT_NEAR(steps_to(kTolerance, problem, x[0]), 255, 2);
  EXPECT_NEAR(steps_to(kTolerance, problem, x[1]), 265, 2);
}

// With absent ranks: every rank takes part in a step with probability 1/2. In the dense first step
// all do.
std::vector<Trajectory> descend_by_halves(const Problem& problem,
                                          const std::vector<Method>& methods, std::size_t steps) {
  std::vector<Trajectory> x(methods.size(), Trajectory{problem.start});
  std::vector<Vector> last(problem.ranks);
  run_local(static_cast<int>(problem.ranks), [&](Communicator& communicator) {
    const auto rank = static_cast<std::size_t>(communicator.rank());
    const Random coin({.seed = 14, .rank = static_cast<std::uint32_t>(rank)});
    Descent descent(communicator, problem, methods, Start::dense);
    for (std::size_t t = 0; t < steps; ++t) {
      descent.step(t == 0 || coin.below(2, t) == 0);
      if (rank > 0) continue;
      for (std::size_t m = 0; m < methods.size(); ++m) x[m].push_back(descent.x(m));
    }
    last[rank] = descent.x(0);
  });
  for (const Vector& mine : last) EXPECT_EQ(mine, last.front()) << "replicas differ";
  return x;
}

TEST(T14, PartialParticipationTakesNoMoreStepsThanAllRanksDo) {
  constexpr Golden kGolden[] = {{0.02, 442}, {0.01, 955}};
  const Problem problem = heterogeneous();
  std::vector<Method> methods;
  for (const auto& golden : kGolden) methods.push_back({"ef21", golden.rate});
  const auto x = descend_by_halves(problem, methods, 1200);
  const auto all = descend(problem, methods, 1200, Start::dense);
  for (std::size_t m = 0; m < methods.size(); ++m) {
    const double steps = steps_to(kTolerance, problem, x[m]);
    EXPECT_NEAR(steps / kGolden[m].steps, 1, 0.15) << "rate " << kGolden[m].rate;
    EXPECT_LT(steps / steps_to(kTolerance, problem, all[m]), 1.05) << "rate " << kGolden[m].rate;
  }
}

// A rank that is absent sends nothing, and its estimate waits for it.
TEST(T14, AbsentRanksSendNothingAndKeepTheirStates) {
  const Problem problem = heterogeneous();
  run_local(4, [&](Communicator& communicator) {
    Descent descent(communicator, problem, {{"ef21", 0.02}}, Start::dense);
    descent.step();
    const Vector own = descent.state(0, "own");
    const Vector mean = descent.state(0, "mean");
    const Vector x = descent.x(0);
    const std::uint64_t before = communicator.wire_bytes();
    const bool present = communicator.rank() == 1;
    descent.step(present);
    EXPECT_EQ(descent.state(0, "own") == own, !present);
    // Element j of the mean moves by a fourth of what rank 1 sent: one element.
    int moved = 0;
    for (std::size_t j = 0; j < 4; ++j) moved += descent.state(0, "mean")[j] != mean[j];
    EXPECT_EQ(moved, 1);
    for (std::size_t j = 0; j < 4; ++j) {
      EXPECT_EQ(descent.x(0)[j], x[j] - 0.02 * descent.state(0, "mean")[j]);
    }
    // To each of three others: record, header, directory, agreement; a payload of who is present.
    const std::uint64_t sent = communicator.wire_bytes() - before;
    std::vector<std::uint64_t> all(4);
    communicator.all_gather(std::as_bytes(std::span(&sent, 1)),
                            std::as_writable_bytes(std::span(all)));
    EXPECT_EQ(all[0], 3u * (16 + 64 + 16 + 16));
    EXPECT_EQ(all[0], all[2]);
    EXPECT_EQ(all[0], all[3]);
    EXPECT_LT(all[0], all[1]);
  });
}

}  // namespace
}  // namespace pith::test
