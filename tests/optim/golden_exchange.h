// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <gtest/gtest.h>

#include <pith/optim/onebit_adam.h>

#include "optim/model.h"

namespace pith::test {

/// Two ranks, four elements, no momentum: what they send is what is worked out by hand.
inline void two_ranks_meet_as_worked_out(Communicator& communicator) {
  Model<double> model({4});
  OneBitAdam<double> adam(
      communicator, {.adam = {.betas = {0, 0.999}, .compressor = kOneL2Scale}, .freeze_step = 1});
  model.join(adam);
  model.set_gradient(0, {1, 1, 1, 1});
  ASSERT_TRUE(adam.step().committed);
  ASSERT_TRUE(adam.frozen());
  const bool first = communicator.rank() == 0;
  model.set_gradient(0,
                     first ? std::vector<double>{1, 2, -3, 4} : std::vector<double>{-1, 1, -1, 3});
  ASSERT_TRUE(adam.step().committed);
  expect_near(state(adam, "w0/momentum", 4), {1.620185, 1.620185, -2.235332, 2.235332}, 1e-6);
  expect_near(state(adam, "w0/residual", 4),
              first ? std::vector<double>{-1.738613, -0.738613, -0.261387, 1.261387}
                    : std::vector<double>{0.732051, -0.732051, 0.732051, 1.267949},
              1e-6);
  expect_near(
      state(adam, "w0/owner_residual", 4),
      first ? std::vector<double>{-1.116904, 0.615147, 0, 0} : std::vector<double>{0, 0, 0, 0},
      1e-6);
}

}  // namespace pith::test
