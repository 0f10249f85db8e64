// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/random.h>
#include <pith/reducer/reducer.h>

#include "golden/problems.h"

// E1, E2, ...: those of PowerSGD's numbered tests that can be seen from a reducer. All of them, the
// sizes and what happens to single matrices too, are with the compressors that are tested there.
namespace pith::test {
namespace {

Vector gaussian_matrix(const Shape& shape, std::uint64_t seed, int rank = 0) {
  const Random random({.seed = seed, .rank = static_cast<std::uint32_t>(rank)});
  Vector m(shape.elements());
  for (std::size_t i = 0; i < m.size(); ++i) m[i] = random.normal(i);
  return m;
}

double distance(const Vector& x, const Vector& y) {
  Vector difference(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) difference[i] = x[i] - y[i];
  return norm(difference);
}

/// One rank's matrix.
class Matrix {
 public:
  Matrix(Communicator& communicator, const Shape& shape, const std::string& compressor,
         const std::string& feedback)
      : reducer_(communicator, {.rules = {rule(compressor, feedback)}}) {
    reducer_.add("w", shape, ElementType::float64);
  }

  Vector exchange(Vector gradient) {
    reducer_.push("w", std::span(gradient));
    EXPECT_TRUE(reducer_.wait().committed);
    return gradient;
  }

  std::span<double> state(const std::string& name) {
    for (const auto& state : reducer_.states<double>()) {
      if (state.name == "w/" + name) return state.values;
    }
    ADD_FAILURE() << "no state " << name;
    return {};
  }

 private:
  static TensorRule rule(const std::string& compressor, const std::string& feedback) {
    return {.compressor = compressor, .feedback = feedback, .exchange = "linear"};
  }

  Reducer reducer_;
};

// From Q = (1, 1); every rank has the same matrix, so its mean is that matrix.
TEST(PowerSgd, E1WarmStartsFollowTheWorkedExample) {
  run_local(2, [](Communicator& communicator) {
    Matrix matrix(communicator, {2, 2}, "lowrank(rank=1)", "none");
    std::ranges::fill(matrix.state("q"), 1.0);
    const Vector m{3, 0, 0, 1};
    const Vector first = matrix.exchange(m);
    EXPECT_LT(distance(first, {2.7, 0.3, 0.9, 0.1}), 1e-14);
    EXPECT_NEAR(distance(first, m) * distance(first, m), 1.8, 1e-14);
    EXPECT_LT(distance(matrix.exchange(m), {2187 / 730.0, 27 / 730.0, 81 / 730.0, 1 / 730.0}),
              1e-14);
    for (int step = 0; step < 20; ++step) matrix.exchange(m);
    EXPECT_NEAR(distance(matrix.exchange(m), m), 1, 1e-14);
  });
}

TEST(PowerSgd, E3FourRanksReceiveWhatOneDoesOfTheirMean) {
  const Shape shape{33, 20};
  constexpr std::uint64_t kSteps = 10;
  constexpr int kRanks = 4;
  const auto receive = [&](int ranks) {
    std::vector<Vector> received;
    run_local(ranks, [&](Communicator& communicator) {
      Matrix matrix(communicator, shape, "lowrank(rank=3)", "none");
      for (std::uint64_t step = 0; step < kSteps; ++step) {
        Vector pushed = gaussian_matrix(shape, step, communicator.rank());
        for (int rank = 1; ranks == 1 && rank < kRanks; ++rank) {
          const Vector other = gaussian_matrix(shape, step, rank);
          for (std::size_t i = 0; i < pushed.size(); ++i) pushed[i] += other[i];
        }
        if (ranks == 1) {
          for (double& value : pushed) value /= kRanks;
        }
        const Vector mean = matrix.exchange(pushed);
        if (communicator.rank() == 0) received.push_back(mean);
      }
    });
    return received;
  };
  const auto one = receive(1);
  const auto four = receive(kRanks);
  for (std::size_t step = 0; step < kSteps; ++step) {
    EXPECT_LT(distance(four[step], one[step]), 1e-9 * norm(one[step])) << "step " << step;
  }
}

// Under error feedback the mean of what is received errs by the residual over the number of steps,
// and the residual stops growing.
TEST(PowerSgd, E4TheMeanOfWhatIsReceivedApproachesAConstantMatrix) {
  struct Row {
    const char* compressor;
    Shape shape;
    double plateau, bound;  // of the residual over the matrix; of the error after 200 steps
  };
  const Row rows[] = {{"lowrank(rank=2)", {16, 8}, 2.3, 0.025},
                      {"lowrank(rank=1)", {32, 16}, 10, 0.08},
                      {"lowrank(rank=4)", {32, 16}, 2.5, 0.025}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.compressor + row.shape.text());
    run_local(2, [&](Communicator& communicator) {
      const Vector m = gaussian_matrix(row.shape, 4);
      Matrix matrix(communicator, row.shape, row.compressor, "ef14");
      Vector mean(m.size());
      double halfway = 0;
      for (int step = 0; step < 200; ++step) {
        const Vector received = matrix.exchange(m);
        for (std::size_t i = 0; i < m.size(); ++i) mean[i] += received[i] / 200;
        const auto residual = matrix.state("residual");
        const double plateau = norm({residual.begin(), residual.end()}) / norm(m);
        if (step == 99) halfway = plateau;
        if (step < 199) continue;
        EXPECT_LT(plateau, 1.3 * halfway);
        EXPECT_NEAR(plateau / row.plateau, 1, 0.25);
        EXPECT_NEAR(distance(mean, m), plateau * norm(m) / 200, 1e-12 * norm(m));
      }
      EXPECT_LT(distance(mean, m), row.bound * norm(m));
    });
  }
}

}  // namespace
}  // namespace pith::test
