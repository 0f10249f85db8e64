// SPDX-License-Identifier: Apache-2.0
#include "bench/reducer_arm.h"

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>

namespace pith::bench {
namespace {

// So that a usage error later on can only be a fault of the library.
TEST(ReducerArm, RefusesWhatIsNotLegalAtItsSizeBeforeTheFirstStep) {
  run_local(2, [](Communicator& communicator) {
    const CollectiveCase noisy{"randomk(density=0.1,scale=unbiased)", "ef14", "linear"};
    const ArmCase one{.collective = Collective::all_reduce, .what = noisy, .shape = {1}};
    const ArmCase many{.collective = Collective::all_reduce, .what = noisy, .shape = {200}};
    EXPECT_NO_THROW(ReducerArm<float>(communicator, one));
    EXPECT_THROW(ReducerArm<float>(communicator, many), UsageError);
    EXPECT_THROW(ReducerArm<double>(communicator, many), UsageError);
  });
}

}  // namespace
}  // namespace pith::bench
