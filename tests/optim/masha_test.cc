// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/optim/masha.h>

#include "golden/descent.h"
#include "optim/federated.h"
#include "optim/game.h"

// MASHA1 and MASHA2 on a game where plain descent runs away. Counts of rounds were measured by
// another program.
namespace pith::test {
namespace {

using ::testing::HasSubstr;

/// One round of a method on one rank's z.
using Round = std::function<void(Vector& z)>;
using Make = std::function<Round(Communicator&, const Problem&)>;

template <template <class> class Method>
Make masha(const MashaOptions& options) {
  return [options](Communicator& communicator, const Problem& problem) -> Round {
    const auto method = std::make_shared<Method<double>>(communicator, Shape{4, 5}, options);
    const auto apply = gradient_of(problem, communicator.rank());
    return [method, apply](Vector& z) { ASSERT_TRUE(method->round(z, apply).committed); };
  };
}

/// Compressed extragradient without anchors and without feedback.
Make naive(double gamma) {
  return [gamma](Communicator& communicator, const Problem& problem) -> Round {
    ReducerOptions options;
    options.rules = {{.compressor = "topk(k=5)", .feedback = "none"}};
    const auto reducer = std::make_shared<Reducer>(communicator, options);
    reducer->add("z", {4, 5}, ElementType::float64);
    const auto mean_at = [reducer, &problem, rank = communicator.rank()](const Vector& z) {
      Vector value = problem.gradient(static_cast<std::size_t>(rank), 0, z);
      reducer->push("z", std::span(value));
      EXPECT_TRUE(reducer->wait().committed);
      return value;
    };
    return [gamma, mean_at](Vector& z) {
      Vector half = z;
      const Vector first = mean_at(z);
      for (std::size_t j = 0; j < z.size(); ++j) half[j] -= gamma * first[j];
      const Vector second = mean_at(half);
      for (std::size_t j = 0; j < z.size(); ++j) z[j] -= gamma * second[j];
    };
  };
}

/// z_0, z_1, ... of the method on the game.
Trajectory play(const Make& make, std::size_t rounds) {
  const Problem problem = bilinear_game();
  Trajectory trajectory{problem.start};
  std::vector<Vector> last(problem.ranks);
  set_log_level(LogLevel::none);
  run_local(static_cast<int>(problem.ranks), [&](Communicator& communicator) {
    const Round round = make(communicator, problem);
    Vector z = problem.start;
    for (std::size_t t = 0; t < rounds; ++t) {
      round(z);
      if (communicator.rank() == 0) trajectory.push_back(z);
    }
    last[static_cast<std::size_t>(communicator.rank())] = z;
  });
  for (const Vector& z : last) EXPECT_EQ(z, last.front()) << "replicas differ";
  return trajectory;
}

void expect_steps(const Trajectory& z, double to_1e2, double to_1e4, double to_1e8, double off) {
  const Problem problem = bilinear_game();
  EXPECT_NEAR(steps_to(1e-2, problem, z), to_1e2, off * to_1e2 + 2);
  EXPECT_NEAR(steps_to(1e-4, problem, z), to_1e4, off * to_1e4 + 2);
  EXPECT_NEAR(steps_to(1e-8, problem, z), to_1e8, off * to_1e8 + 2);
}

void expect_first(const Vector& z, double first, double second, double third) {
  EXPECT_NEAR(z[0], first, 1e-8);
  EXPECT_NEAR(z[1], second, 1e-8);
  EXPECT_NEAR(z[2], third, 1e-8);
}

MashaOptions top5(double gamma) {
  return {.compressor = "topk(k=5)", .step = gamma, .tau = 0.75, .refresh_every = 4};
}

TEST(T10, TheGameIsThePublishedOne) {
  const Problem problem = bilinear_game();
  EXPECT_NEAR(norm(mean_gradient(problem, problem.start)), 6.424918, 1e-6);
}

TEST(T10, Masha2FollowsTheGoldenIterates) {
  const Trajectory z = play(masha<Masha2>(top5(0.1)), 2560);
  expect_first(z[1], 0.93698433, 1.01551819, 1.03116894);
  expect_first(z[2], 0.88972257, 1.02715684, 1.05454565);
  expect_first(z[10], 0.56870611, 0.95206433, 0.97044409);
  expect_steps(z, 543, 1209, 2556, 0);
}

TEST(T10, AtHalfTheStepMasha2NeedsTwiceTheRounds) {
  expect_steps(play(masha<Masha2>(top5(0.05)), 5125), 1122, 2441, 5119, 0);
}

// An anchor in every round and nothing compressed: z_half = z - gamma F(z), z -= gamma F(z_half).
TEST(T10, UncompressedItIsExtragradient) {
  const MashaOptions options{.step = 0.1, .tau = 0, .refresh_every = 1};
  expect_steps(play(masha<Masha1>(options), 1755), 376, 831, 1748, 0);
  expect_steps(play(masha<Masha2>(options), 1755), 376, 831, 1748, 0);
}

// It circles: published is where it stands in the end.
TEST(T10, CompressedExtragradientStalls) {
  const Problem problem = bilinear_game();
  const Trajectory z = play(naive(0.1), 4000);
  EXPECT_GT(norm(mean_gradient(problem, z.back())), 1);
  for (std::size_t t = 1000; t <= 4000; ++t) {
    ASSERT_GT(norm(mean_gradient(problem, z[t])), 0.5) << "round " << t;
  }
}

TEST(T10, PlainDescentDiverges) {
  const auto z = descend(bilinear_game(), {{"none", 0.05, "none"}}, 5000).front();
  EXPECT_NEAR(norm(mean_gradient(bilinear_game(), z.back())) / 4e5, 1, 0.2);
}

// Random masks and a random coin, over two seeds.
TEST(T10, Masha1ReachesTheSolution) {
  for (const std::uint64_t seed : {0u, 1u}) {
    const Trajectory z = play(
        masha<Masha1>(
            {.compressor = "randomk(k=5,scale=unbiased)", .step = 0.1, .tau = 0.75, .seed = seed}),
        4100);
    expect_steps(z, 666, 1466, 3060, 0.3);
  }
}

// The game on a box: the solution lies where -F(z) points out of it.
TEST(Masha, AProxKeepsToItsSet) {
  const Problem problem = bilinear_game();
  run_local(4, [&](Communicator& communicator) {
    const auto box = [](double, std::span<double> z) {
      for (double& value : z) value = std::clamp(value, -0.2, 0.2);
    };
    Masha1<double> masha(communicator, {4, 5},
                         {.compressor = "randomk(k=5,scale=unbiased)", .step = 0.1}, box);
    Vector z = problem.start;
    const auto apply = gradient_of(problem, communicator.rank());
    for (int t = 0; t < 2000; ++t) ASSERT_TRUE(masha.round(z, apply).committed);
    const Vector f = mean_gradient(problem, z);
    int on_the_wall = 0;
    for (std::size_t j = 0; j < z.size(); ++j) {
      EXPECT_NEAR(std::clamp(z[j] - f[j], -0.2, 0.2), z[j], 1e-6) << "element " << j;
      on_the_wall += std::abs(z[j]) == 0.2 ? 1 : 0;
    }
    EXPECT_GT(on_the_wall, 0);
  });
}

// A share 1 - tau of the rounds, the same ones on all ranks or they would hang.
TEST(Masha, TheCoinFallsAsOftenAsItShould) {
  const Problem problem = bilinear_game();
  run_local(4, [&](Communicator& communicator) {
    Masha2<double> masha(communicator, {4, 5}, {.compressor = "topk(k=5)", .step = 0.05});
    Vector z = problem.start;
    const auto apply = gradient_of(problem, communicator.rank());
    for (int t = 0; t < 1000; ++t) ASSERT_TRUE(masha.round(z, apply).committed);
    EXPECT_NEAR(static_cast<double>(masha.anchor_statistics().steps), 250, 70);
    EXPECT_EQ(masha.statistics().steps, 1000u);
    EXPECT_EQ(masha.rounds(), 1000u);
  });
}

TEST(Masha, AFailureOfOneRankLeavesEverythingOnAll) {
  const Problem problem = bilinear_game();
  run_local(4, [&](Communicator& communicator) {
    Masha2<double> masha(communicator, {4, 5}, top5(0.1));
    const auto good = gradient_of(problem, communicator.rank());
    Vector z = problem.start;
    ASSERT_TRUE(masha.round(z, good).committed);
    const auto states = [&] {
      Vector all = z;
      for (const auto& state : masha.states()) {
        all.insert(all.end(), state.values.begin(), state.values.end());
      }
      return all;
    };
    const Vector before = states();
    const auto bad = [&](std::span<const double> at, std::span<double> out) {
      good(at, out);
      if (communicator.rank() == 2) out[7] = std::nan("");
    };
    EXPECT_THAT(masha.round(z, bad).reason, HasSubstr("rank 2"));
    const auto throws = [&](std::span<const double> at, std::span<double> out) {
      good(at, out);
      if (communicator.rank() == 1) throw std::runtime_error("out of data");
    };
    try {
      masha.round(z, throws);
      ADD_FAILURE() << "no error on rank " << communicator.rank();
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("rank 1: round: out of data"));
    }
    Vector longer(communicator.rank() == 3 ? 21 : 20);
    EXPECT_THROW(masha.round(longer, good), UsageError);
    EXPECT_EQ(states(), before);
    ASSERT_TRUE(masha.round(z, good).committed);
    expect_first(z, 0.88972257, 1.02715684, 1.05454565);
  });
}

TEST(Masha, AProxThatThrowsLeavesTheRoundToBeTakenAgain) {
  const Problem problem = bilinear_game();
  run_local(4, [&](Communicator& communicator) {
    int calls = 0;
    int thrown_in = 0;
    const auto prox = [&](double, std::span<double> z) {
      if (++calls == thrown_in) throw std::runtime_error("no minimum");
      for (double& value : z) value = std::clamp(value, -0.2, 0.2);
    };
    const MashaOptions options{.step = 0.1, .tau = 0.5, .refresh_every = 2};
    Masha1<double> disturbed(communicator, {4, 5}, options, prox);
    Masha1<double> quiet(communicator, {4, 5}, options, prox);
    const auto apply = gradient_of(problem, communicator.rank());
    Vector z = problem.start;
    Vector other = z;
    for (int t = 0; t < 6; ++t) {
      ASSERT_TRUE(quiet.round(other, apply).committed);
      const Vector before = z;
      thrown_in = calls + 2;  // after the exchange
      EXPECT_THROW(disturbed.round(z, apply), std::runtime_error);
      EXPECT_EQ(z, before);
      EXPECT_EQ(disturbed.rounds(), static_cast<std::uint64_t>(t));
      ASSERT_TRUE(disturbed.round(z, apply).committed);
      EXPECT_EQ(z, other) << "round " << t;
    }
  });
}

TEST(T13, MashaGoesOnFromItsStates) {
  const Problem problem = bilinear_game();
  run_local(4, [&](Communicator& communicator) {
    const MashaOptions options{.compressor = "topk(k=5)", .step = 0.05};
    const auto apply = gradient_of(problem, communicator.rank());
    Masha2<double> first(communicator, {4, 5}, options);
    Masha2<double> second(communicator, {4, 5}, options);
    Vector z = problem.start;
    for (int t = 0; t < 30; ++t) ASSERT_TRUE(first.round(z, apply).committed);
    copy_states(first.states(), second.states());
    Vector other = z;
    for (int t = 0; t < 30; ++t) {
      ASSERT_TRUE(first.round(z, apply).committed);
      ASSERT_TRUE(second.round(other, apply).committed);
    }
    EXPECT_EQ(z, other);
    EXPECT_EQ(second.rounds(), 60u);
  });
}

TEST(Masha, RefusesOptionsOutOfRange) {
  const auto error = [](MashaOptions options) {
    std::string text;
    run_local(2, [&](Communicator& communicator) {
      try {
        Masha1<double> masha(communicator, {4, 5}, options);
        Vector z(20);
        masha.round(z, [](auto, auto) {});
      } catch (const UsageError& problem) {
        if (communicator.rank() == 1) text = problem.what();
      }
    });
    return text;
  };
  EXPECT_THAT(error({.step = 0}), HasSubstr("step=0: must be above 0"));
  EXPECT_THAT(error({.step = std::nan("")}), HasSubstr("step=nan"));
  EXPECT_THAT(error({.tau = 1}), HasSubstr("tau=1: must be in [0, 1)"));
  EXPECT_THAT(error({.tau = -0.5}), HasSubstr("tau=-0.5"));
  EXPECT_THAT(error({.compressor = "topq"}), HasSubstr("topq"));
  run_local(2, [](Communicator& communicator) {
    const MashaOptions mine{.step = 0.1 + communicator.rank()};
    EXPECT_THROW(Masha1<double>(communicator, {4, 5}, mine), UsageError);
  });
}

}  // namespace
}  // namespace pith::test
