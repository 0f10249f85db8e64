// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/mpi/communicator.h>
#include <pith/optim/onebit_lamb.h>
#include <pith/optim/zero_one_adam.h>

#include "optim/golden_exchange.h"

namespace pith::test {
namespace {

TEST(OneBitAdam, E1TwoRanksMeetAsWorkedOut) {
  mpi::Communicator communicator(MPI_COMM_WORLD);
  two_ranks_meet_as_worked_out(communicator);
}

/// A rank's parameters after some steps in every phase.
template <class Optimizer, class Options>
std::vector<std::vector<float>> trained(Communicator& communicator, const Options& options) {
  Model<float> model({33, 1, 7});
  Optimizer optimizer(communicator, options);
  model.join(optimizer);
  optimizer.broadcast();
  for (std::uint64_t t = 1; t <= 20; ++t) {
    model.draw(t, communicator.rank());
    EXPECT_TRUE(optimizer.step().committed);
  }
  return model.parameters;
}

template <class Optimizer, class Options>
void expect_what_threads_give(const Options& options) {
  mpi::Communicator world(MPI_COMM_WORLD);
  const auto processes = trained<Optimizer>(world, options);
  run_local(world.size(), [&](Communicator& communicator) {
    const auto threads = trained<Optimizer>(communicator, options);
    if (communicator.rank() != world.rank()) return;
    EXPECT_EQ(threads, processes);
  });
}

// Two numbers have one sum, whatever the order.
TEST(Optimizers, GiveTheBitsThatThreadsGive) {
  expect_what_threads_give<OneBitAdam<float>>(OneBitAdamOptions{.freeze_step = 5});
  expect_what_threads_give<OneBitLamb<float>>(OneBitLambOptions{.freeze_step = 5});
  expect_what_threads_give<ZeroOneAdam<float>>(
      ZeroOneAdamOptions{.var_freeze_step = 6, .var_update_scaler = 2, .local_step_scaler = 4});
}

}  // namespace
}  // namespace pith::test
