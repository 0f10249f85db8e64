// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/core/random.h>
#include <pith/optim/sparse_loco.h>

#include "optim/federated.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

using testing::HasSubstr;

constexpr int kRanks = 8;

/// Five steps of plain descent on the rank's own function.
void train(const Problem& problem, int rank, std::span<double> y) {
  for (int k = 0; k < 5; ++k) {
    const Vector g = problem.gradient(static_cast<std::size_t>(rank), 0, {y.begin(), y.end()});
    for (std::size_t j = 0; j < y.size(); ++j) y[j] -= 0.02 * g[j];
  }
}

/// x after every round, which has the same bits on all ranks.
std::vector<Vector> run(const SparseLocoOptions& options, int rounds) {
  const Problem problem = federated();
  std::vector<std::vector<Vector>> all(kRanks);
  set_log_level(LogLevel::none);
  run_local(kRanks, [&](Communicator& communicator) {
    SparseLoco<double> loco(communicator, Shape::flat(4), options);
    Vector x = problem.start;
    for (int round = 0; round < rounds; ++round) {
      const int rank = communicator.rank();
      ASSERT_TRUE(loco.round(x, [&](auto y) { train(problem, rank, y); }).committed);
      all[static_cast<std::size_t>(rank)].push_back(x);
    }
  });
  for (const auto& own : all) EXPECT_EQ(own, all.front()) << "replicas differ";
  return all.front();
}

/// The published steps, the error in units of the outer step: E = decay E + rate (x - y), sent is
/// the larger one of each pair of elements or, if everything is, all.
std::vector<Vector> reference(const SparseLocoOptions& options, bool everything, int rounds) {
  const Problem problem = federated();
  Vector x = problem.start;
  std::vector<Vector> errors(kRanks, Vector(4));
  Vector momentum(4);
  std::vector<Vector> all;
  for (int round = 0; round < rounds; ++round) {
    Vector mean(4);
    for (int rank = 0; rank < kRanks; ++rank) {
      Vector y = x;
      train(problem, rank, y);
      Vector& e = errors[static_cast<std::size_t>(rank)];
      for (std::size_t j = 0; j < 4; ++j) {
        e[j] = options.error_decay * e[j] + options.outer_rate * (x[j] - y[j]);
      }
      for (std::size_t j = 0; j < 4; ++j) {
        const bool first = std::abs(e[j / 2 * 2]) >= std::abs(e[j / 2 * 2 + 1]);
        if (!everything && first != (j % 2 == 0)) continue;
        mean[j] += e[j] / kRanks;
      }
      for (std::size_t j = 0; j < 4; j += 2) {
        const bool first = std::abs(e[j]) >= std::abs(e[j + 1]);
        if (everything || first) e[j] = 0;
        if (everything || !first) e[j + 1] = 0;
      }
    }
    for (std::size_t j = 0; j < 4; ++j) {
      momentum[j] = options.outer_momentum * momentum[j] + mean[j];
      x[j] -= mean[j] + options.outer_momentum * momentum[j];
    }
    all.push_back(x);
  }
  return all;
}

double largest_difference(const std::vector<Vector>& a, const std::vector<Vector>& b) {
  double largest = 0;
  for (std::size_t t = 0; t < a.size(); ++t) {
    for (std::size_t j = 0; j < a[t].size(); ++j) {
      largest = std::max(largest, std::abs(a[t][j] - b[t][j]));
    }
  }
  return largest;
}

// Without momentum, and with it.
TEST(SparseLoco, TakesThePublishedSteps) {
  for (const double momentum : {0.0, 0.9}) {
    const SparseLocoOptions options{.compressor = "blocktopk(k=1,block=2)",
                                    .error_decay = 0.9,
                                    .outer_rate = 0.7,
                                    .outer_momentum = momentum};
    EXPECT_LT(largest_difference(run(options, 100), reference(options, false, 100)), 1e-12);
  }
}

TEST(SparseLoco, UncompressedItIsDiLoCo) {
  const SparseLocoOptions options{.compressor = "none", .outer_rate = 0.7, .outer_momentum = 0.9};
  EXPECT_LT(largest_difference(run(options, 100), reference(options, true, 100)), 1e-12);
}

TEST(SparseLoco, AStepOfOneWithoutMomentumIsTheMeanOfTheRanks) {
  const Problem problem = federated();
  Vector mean(4);
  for (int rank = 0; rank < kRanks; ++rank) {
    Vector y = problem.start;
    train(problem, rank, y);
    for (std::size_t j = 0; j < 4; ++j) mean[j] += y[j] / kRanks;
  }
  const Vector x = run({.compressor = "none"}, 1).front();
  for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(x[j], mean[j], 1e-14);
}

/// The mean of |x - end| over the second half of the rounds; `end`: where plain averaging ends.
double distance(const SparseLocoOptions& options) {
  const Vector end = run({.compressor = "none"}, 600).back();
  const auto all = run(options, 600);
  double sum = 0;
  for (std::size_t t = 300; t < 600; ++t) {
    Vector difference = all[t];
    for (std::size_t j = 0; j < 4; ++j) difference[j] -= end[j];
    sum += norm(difference) / 300;
  }
  return sum;
}

// Constants of docs/local_steps_and_games.md.
TEST(SparseLoco, ErrorFeedbackKeepsItNearPlainAveraging) {
  const auto with = [](double decay) {
    return distance({.compressor = "topk(k=1)", .error_decay = decay});
  };
  EXPECT_NEAR(with(1), 0.265, 0.005);
  EXPECT_NEAR(with(0.95), 0.206, 0.005);
  EXPECT_NEAR(with(1e-9), 1.04, 0.005);
}

// 1,024 of 65,536 are kept: 2 bits and a scale per 256 for the values, Rice's code for the indices.
TEST(SparseLoco, SendsAboutTenBitsForOneElementInSixtyFour) {
  run_local(2, [](Communicator& communicator) {
    const std::size_t n = 65536;
    SparseLoco<float> loco(communicator, Shape::flat(n), {});
    std::vector<float> x(n);
    const Random random({.rank = static_cast<std::uint32_t>(communicator.rank())});
    const auto draw = [&](std::span<float> y) {
      for (std::size_t j = 0; j < n; ++j) y[j] = static_cast<float>(random.normal(j));
    };
    std::uint64_t before = 0;
    for (int round = 0; round < 2; ++round) {
      before = communicator.wire_bytes();
      ASSERT_TRUE(loco.round(x, draw).committed);
    }
    const double bits = 8 * static_cast<double>(communicator.wire_bytes() - before) / 1024;
    EXPECT_NEAR(bits, 10.75, 0.25);
    EXPECT_NEAR(32.0 * 65536 / (1024 * bits), 190, 5);
  });
}

TEST(SparseLoco, AFailureOfOneRankLeavesEverythingOnAll) {
  const Problem problem = federated();
  run_local(kRanks, [&](Communicator& communicator) {
    const int rank = communicator.rank();
    SparseLoco<double> loco(communicator, Shape::flat(4),
                            {.compressor = "topk(k=1)", .outer_momentum = 0.5});
    const auto good = [&](std::span<double> y) { train(problem, rank, y); };
    Vector x = problem.start;
    loco.round(x, good);
    const auto states = [&] {
      Vector all;
      for (const auto& state : loco.states()) {
        all.insert(all.end(), state.values.begin(), state.values.end());
      }
      return all;
    };
    const Vector x_before = x;
    const Vector before = states();
    const auto bad = [&](std::span<double> y) {
      good(y);
      if (rank == 5) y[1] = std::nan("");
    };
    EXPECT_THAT(loco.round(x, bad).reason, HasSubstr("rank 5"));
    const auto throws = [&](std::span<double>) {
      if (rank == 3) throw std::runtime_error("the data ran out");
    };
    try {
      loco.round(x, throws);
      ADD_FAILURE() << "no error on rank " << rank;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("rank 3: round: the data ran out"));
    }
    EXPECT_EQ(x, x_before);
    EXPECT_EQ(states(), before);
    EXPECT_TRUE(loco.round(x, good).committed);
  });
}

Vector values_of(SparseLoco<double>& loco, const std::string& name) {
  for (const auto& state : loco.states()) {
    if (state.name == name) return {state.values.begin(), state.values.end()};
  }
  return {};
}

// Everything that is sent is finite, and so is its mean.
TEST(SparseLoco, AStepThatOverflowsIsTakenByNoRank) {
  run_local(4, [](Communicator& communicator) {
    for (const double momentum : {0.0, 0.5}) {
      SparseLoco<double> loco(
          communicator, Shape::flat(4),
          {.compressor = "identity", .outer_rate = 1e300, .outer_momentum = momentum});
      const auto by = [](double way) { return [=](std::span<double> y) { y[2] -= way; }; };
      Vector x(4);
      ASSERT_TRUE(loco.round(x, by(1e-300)).committed);
      const Vector before = x;
      const Vector momenta = values_of(loco, "x/momentum");
      const StepResult result = loco.round(x, by(1e10));
      EXPECT_FALSE(result.committed);
      EXPECT_THAT(result.reason, HasSubstr("x would not be finite"));
      EXPECT_EQ(x, before);
      EXPECT_EQ(values_of(loco, "x/momentum"), momenta);
      EXPECT_TRUE(loco.round(x, by(1e-300)).committed);
    }
  });
}

TEST(SparseLoco, GoesOnFromItsStates) {
  const Problem problem = federated();
  run_local(kRanks, [&](Communicator& communicator) {
    const SparseLocoOptions options{.compressor = "topk(k=1,values=4bit)", .outer_momentum = 0.9};
    const auto own = [&](std::span<double> y) { train(problem, communicator.rank(), y); };
    SparseLoco<double> first(communicator, Shape::flat(4), options);
    SparseLoco<double> second(communicator, Shape::flat(4), options);
    Vector x = problem.start;
    for (int t = 0; t < 20; ++t) ASSERT_TRUE(first.round(x, own).committed);
    copy_states(first.states(), second.states());
    Vector other = x;
    for (int t = 0; t < 20; ++t) {
      ASSERT_TRUE(first.round(x, own).committed);
      ASSERT_TRUE(second.round(other, own).committed);
    }
    EXPECT_EQ(x, other);
  });
}

/// What every rank is told if rank 1 has these options, or an x of so many elements.
std::string refused(const SparseLocoOptions& options, std::size_t elements = 4) {
  return usage_error_of(3, [&](Communicator& communicator) {
    const bool own = communicator.rank() == 1;
    SparseLoco<double> loco(communicator, Shape::flat(4), own ? options : SparseLocoOptions{});
    Vector x(own ? elements : 4);
    loco.round(x, [](auto) {});
  });
}

// What is in range until it is rounded.
TEST(SparseLoco, RefusesOptionsThatAFloatCannotHold) {
  const auto refused = [](const SparseLocoOptions& options) {
    return usage_error_of(2, [&](Communicator& communicator) {
      const SparseLoco<float> loco(communicator, Shape::flat(4), options);
    });
  };
  EXPECT_THAT(refused({.error_decay = 1e-46}), HasSubstr("as a float"));
  EXPECT_THAT(refused({.outer_rate = 1e-46}), HasSubstr("as a float"));
  EXPECT_THAT(refused({.outer_rate = 1e39}), HasSubstr("as a float"));
  EXPECT_THAT(refused({.outer_momentum = 0.99999999}), HasSubstr("as a float"));
}

TEST(SparseLoco, RefusesWhatIsOutOfRangeOrDiffers) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(refused({.error_decay = 0}), HasSubstr("error_decay=0"));
  EXPECT_THAT(refused({.error_decay = 1.5}), HasSubstr("error_decay=1.5"));
  EXPECT_THAT(refused({.outer_rate = 0}), HasSubstr("outer_rate=0"));
  EXPECT_THAT(refused({.outer_rate = kNan}), HasSubstr("outer_rate=nan"));
  EXPECT_THAT(refused({.outer_momentum = 1}), HasSubstr("outer_momentum=1"));
  EXPECT_THAT(refused({.outer_momentum = -0.1}), HasSubstr("outer_momentum=-0.1"));
  EXPECT_THAT(refused({.outer_rate = 0.5}), HasSubstr("outer_rate=0.5"));
  EXPECT_THAT(refused({}, 3), HasSubstr("x has 3 elements, not 4"));
}

}  // namespace
}  // namespace pith::test
