// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/mpi/communicator.h>
#include <pith/optim/masha.h>
#include <pith/optim/scafcom.h>
#include <pith/optim/sparse_loco.h>

#include "golden/problems.h"
#include "optim/federated.h"
#include "optim/game.h"

namespace pith::test {
namespace {

Vector average(Communicator& communicator) {
  const Problem problem = federated();
  Scafcom<double> averaging(communicator, {2, 2},
                            {.compressor = "topk(k=1)",
                             .local_steps = 5,
                             .local_rate = 0.02,
                             .participants = (communicator.size() + 1) / 2});
  Vector x = problem.start;
  for (int round = 0; round < 50; ++round) {
    EXPECT_TRUE(averaging.round(x, gradient_of(problem, communicator.rank())).committed);
  }
  return x;
}

Vector train_alone(Communicator& communicator) {
  const Problem problem = federated();
  SparseLoco<double> loco(communicator, Shape::flat(4),
                          {.compressor = "dct_topk(k=1,chunk=4)", .outer_momentum = 0.5});
  const auto gradient = gradient_of(problem, communicator.rank());
  Vector x = problem.start;
  for (int round = 0; round < 50; ++round) {
    const auto train = [&](std::span<double> y) {
      Vector g(y.size());
      gradient(y, g);
      for (std::size_t j = 0; j < y.size(); ++j) y[j] -= 0.02 * g[j];
    };
    EXPECT_TRUE(loco.round(x, train).committed);
  }
  return x;
}

// With the messages summed in rank order, and the anchors by the back end.
Vector play(Communicator& communicator) {
  const Problem problem = bilinear_game();
  Masha2<double> masha(communicator, {4, 5}, {.compressor = "topk(k=5)", .step = 0.05});
  Vector z = problem.start;
  for (int round = 0; round < 50; ++round) {
    EXPECT_TRUE(masha.round(z, gradient_of(problem, communicator.rank())).committed);
  }
  return z;
}

Vector with_threads(int ranks, Vector (*run)(Communicator&)) {
  Vector result;
  run_local(ranks, [&](Communicator& communicator) {
    const Vector mine = run(communicator);
    if (communicator.rank() == 0) result = mine;
  });
  return result;
}

TEST(MpiScafcom, GivesWhatThreadsGive) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  EXPECT_EQ(average(communicator), with_threads(communicator.size(), average));
}

TEST(MpiSparseLoco, GivesWhatThreadsGive) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  EXPECT_EQ(train_alone(communicator), with_threads(communicator.size(), train_alone));
}

TEST(MpiMasha2, GivesWhatThreadsGive) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  const Vector z = play(communicator);
  const Vector threads = with_threads(communicator.size(), play);
  for (std::size_t j = 0; j < z.size(); ++j) EXPECT_NEAR(z[j], threads[j], 1e-9);
}

}  // namespace
}  // namespace pith::test
