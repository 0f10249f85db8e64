// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <stdexcept>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/optim/marina.h>

#include "golden/descent.h"
#include "optim/federated.h"

// Gorbunov, Burlachenko, Li, Richtarik 2021, on problem H.
namespace pith::test {
namespace {

using ::testing::HasSubstr;

MarinaOptions noisy() {
  return {.compressor = "quantize(bits=2,range=qsgd)", .exchange = "gather", .probability = 0.25};
}

void step(Marina<double>& marina, Vector& x, const Marina<double>::Gradient& gradient,
          double rate) {
  Vector g(x.size());
  ASSERT_TRUE(marina.estimate(x, gradient, g).committed);
  for (std::size_t j = 0; j < x.size(); ++j) x[j] -= rate * g[j];
}

Trajectory descend_by_marina(const MarinaOptions& options, double rate, std::size_t steps) {
  const Problem problem = heterogeneous();
  Trajectory trajectory{problem.start};
  std::vector<Vector> last(problem.ranks);
  set_log_level(LogLevel::none);
  run_local(static_cast<int>(problem.ranks), [&](Communicator& communicator) {
    Marina<double> marina(communicator, {2, 2}, options);
    const auto gradient = gradient_of(problem, communicator.rank());
    Vector x = problem.start;
    for (std::size_t t = 0; t < steps; ++t) {
      step(marina, x, gradient, rate);
      if (communicator.rank() == 0) trajectory.push_back(x);
    }
    last[static_cast<std::size_t>(communicator.rank())] = x;
  });
  for (const Vector& x : last) EXPECT_EQ(x, last.front()) << "replicas differ";
  return trajectory;
}

TEST(Marina, ReachesTheMinimumExactly) {
  const Problem problem = heterogeneous();
  for (const std::uint64_t seed : {0u, 1u, 2u}) {
    MarinaOptions options = noisy();
    options.seed = seed;
    const auto x = descend_by_marina(options, 0.1, 400);
    EXPECT_NEAR(steps_to(1e-5, problem, x), 59, 3) << "seed " << seed;
    EXPECT_NEAR(steps_to(1e-10, problem, x), 111, 6) << "seed " << seed;
    EXPECT_LT(norm(x.back()), 1e-14) << "seed " << seed;
  }
}

// The messages of the ranks complement each other.
TEST(Marina, TakesPermutedMessages) {
  const Problem problem = heterogeneous();
  const MarinaOptions options{.compressor = "permk(ranks=4)", .probability = 0.25};
  EXPECT_NEAR(steps_to(1e-10, problem, descend_by_marina(options, 0.1, 150)), 83, 2);
  EXPECT_NEAR(steps_to(1e-10, problem, descend_by_marina(options, 0.3, 150)), 56, 2);
}

// x' = x - rate (2.5 x), whatever the coin says.
TEST(Marina, UncompressedItIsGradientDescent) {
  for (const double probability : {0.25, 1.0}) {
    const auto x = descend_by_marina({.probability = probability}, 0.1, 50);
    for (std::size_t t = 1; t < x.size(); ++t) {
      for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(x[t][j], 0.75 * x[t - 1][j], 1e-12);
    }
  }
}

TEST(Marina, OfEveryRoundFullItSendsNothingElse) {
  const Problem problem = heterogeneous();
  run_local(4, [&](Communicator& communicator) {
    MarinaOptions options = noisy();
    options.probability = 1;
    Marina<double> marina(communicator, {2, 2}, options);
    Vector x = problem.start;
    for (int t = 0; t < 10; ++t) step(marina, x, gradient_of(problem, communicator.rank()), 0.1);
    EXPECT_EQ(marina.statistics().steps, 0u);
    EXPECT_EQ(marina.full_statistics().steps, 10u);
  });
}

// A share of the rounds, the same ones on all ranks or they would hang; others ask for two
// gradients.
TEST(Marina, TheCoinFallsAsOftenAsItShould) {
  const Problem problem = heterogeneous();
  run_local(4, [&](Communicator& communicator) {
    Marina<double> marina(communicator, {2, 2}, noisy());
    const auto gradient = gradient_of(problem, communicator.rank());
    std::size_t calls = 0;
    Vector x = problem.start;
    for (int t = 0; t < 1000; ++t) {
      const auto counted = [&](std::span<const double> at, std::span<double> out) {
        ++calls;
        gradient(at, out);
      };
      step(marina, x, counted, 0.05);
    }
    const std::size_t full = marina.full_statistics().steps;
    EXPECT_NEAR(static_cast<double>(full), 250, 70);
    EXPECT_EQ(marina.statistics().steps, 1000 - full);
    EXPECT_EQ(calls, 2000 - full);
    EXPECT_EQ(marina.rounds(), 1000u);
  });
}

Vector all_of(const std::vector<StateView<double>>& states) {
  Vector all;
  for (const auto& state : states) {
    all.insert(all.end(), state.values.begin(), state.values.end());
  }
  return all;
}

TEST(Marina, AFailureOfOneRankLeavesEverythingOnAll) {
  const Problem problem = heterogeneous();
  run_local(4, [&](Communicator& communicator) {
    Marina<double> marina(communicator, {2, 2}, noisy());
    const auto good = gradient_of(problem, communicator.rank());
    const Vector x = problem.start;
    Vector g(4);
    for (int t = 0; t < 3; ++t) ASSERT_TRUE(marina.estimate(x, good, g).committed);
    const Vector before = all_of(marina.states());
    const Vector estimate = g;
    const auto bad = [&](std::span<const double> at, std::span<double> out) {
      good(at, out);
      if (communicator.rank() == 2) out[3] = std::nan("");
    };
    EXPECT_THAT(marina.estimate(x, bad, g).reason, HasSubstr("rank 2"));
    const auto throws = [&](std::span<const double> at, std::span<double> out) {
      good(at, out);
      if (communicator.rank() == 1) throw std::runtime_error("out of data");
    };
    try {
      marina.estimate(x, throws, g);
      ADD_FAILURE() << "no error on rank " << communicator.rank();
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("rank 1: round: out of data"));
    }
    Vector longer(communicator.rank() == 3 ? 5 : 4);
    EXPECT_THROW(marina.estimate(longer, good, g), UsageError);
    EXPECT_EQ(all_of(marina.states()), before);
    EXPECT_EQ(g, estimate);
    EXPECT_TRUE(marina.estimate(x, good, g).committed);
  });
}

// Everything that is sent is finite, and so is its mean.
TEST(Marina, AnEstimateThatOverflowsIsNobodys) {
  constexpr double kLarge = 0.8e308;  // two of them add up, three do not
  run_local(2, [](Communicator& communicator) {
    Marina<double> marina(communicator, {2, 2}, {.compressor = "identity", .probability = 1e-9});
    const auto above = [](double least) {
      return [=](std::span<const double> at, std::span<double> out) {
        std::ranges::fill(out, at[0] > least ? kLarge : 0);
      };
    };
    Vector g(4);
    ASSERT_TRUE(marina.estimate(Vector(4, 1), above(0), g).committed);
    ASSERT_TRUE(marina.estimate(Vector(4, 2), above(1), g).committed);
    const Vector before = all_of(marina.states());
    const StepResult result = marina.estimate(Vector(4, 3), above(2), g);
    EXPECT_FALSE(result.committed);
    EXPECT_THAT(result.reason, HasSubstr("would not be finite"));
    EXPECT_EQ(g, Vector(4, 2 * kLarge));
    EXPECT_EQ(all_of(marina.states()), before);
    EXPECT_TRUE(marina.estimate(Vector(4, 3), above(3), g).committed);
  });
}

// With a compressor that draws nothing: the coin goes on.
TEST(T13, MarinaGoesOnFromItsStates) {
  const Problem problem = heterogeneous();
  run_local(4, [&](Communicator& communicator) {
    const MarinaOptions options{.compressor = "topk(k=2)", .probability = 0.3};
    const auto gradient = gradient_of(problem, communicator.rank());
    Marina<double> first(communicator, {2, 2}, options);
    Marina<double> second(communicator, {2, 2}, options);
    Vector x = problem.start;
    for (int t = 0; t < 30; ++t) step(first, x, gradient, 0.05);
    copy_states(first.states(), second.states());
    Vector other = x;
    for (int t = 0; t < 30; ++t) {
      step(first, x, gradient, 0.05);
      step(second, other, gradient, 0.05);
    }
    EXPECT_EQ(x, other);
    EXPECT_EQ(second.rounds(), 60u);
  });
}

TEST(Marina, RefusesOptionsOutOfRange) {
  const auto error = [](const MarinaOptions& options) {
    std::string text;
    run_local(2, [&](Communicator& communicator) {
      try {
        const Marina<double> marina(communicator, {2, 2}, options);
      } catch (const UsageError& problem) {
        if (communicator.rank() == 1) text = problem.what();
      }
    });
    return text;
  };
  EXPECT_THAT(error({.probability = 0}), HasSubstr("probability=0: must be above 0, at most 1"));
  EXPECT_THAT(error({.probability = 1.5}), HasSubstr("probability=1.5"));
  EXPECT_THAT(error({.probability = std::nan("")}), HasSubstr("probability=nan"));
  run_local(2, [](Communicator& communicator) {
    const double probability = communicator.rank() == 0 ? 0.25 : 0.5;
    EXPECT_THROW(Marina<double>(communicator, {2, 2}, {.probability = probability}), UsageError);
  });
}

// Worked: sqrt(0.75 2 / (0.25 4)) = 1.2247.
TEST(Marina, StepSizeFollowsTheFormula) {
  EXPECT_NEAR(marina_stepsize(2, 0.25, 4, 4), 0.11237, 1e-5);
  EXPECT_EQ(marina_stepsize(0, 0.25, 4, 4), 0.25);
  EXPECT_EQ(marina_stepsize(99, 1, 4, 4), 0.25);
  EXPECT_THROW(marina_stepsize(-1, 0.25, 4, 4), UsageError);
  EXPECT_THROW(marina_stepsize(2, 0, 4, 4), UsageError);
  EXPECT_THROW(marina_stepsize(2, 0.25, 0, 4), UsageError);
  EXPECT_THROW(marina_stepsize(2, 0.25, 4, 0), UsageError);
}

}  // namespace
}  // namespace pith::test
